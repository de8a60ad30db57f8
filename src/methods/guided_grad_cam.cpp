// Selvaraju et al. 2017, section 3.2.
#include "methods/method.h"

namespace whycam::methods {

const Definition guided_grad_cam{"guided-gradcam", "Guided Grad-CAM", Product{Method::guided_backprop}};

}  // namespace whycam::methods
