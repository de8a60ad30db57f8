// Simonyan et al. 2013, "Deep Inside Convolutional Networks: Visualising Image Classification Models and Saliency
// Maps".
#include "methods/method.h"

namespace whycam::methods {

/// The plain gradient with its sign: captum.attr.Saliency with abs=False.
const Definition gradient{"gradient", "gradient",
                          InputMap{core::ReluGradient::plain, [](Graph&, Value, Value gradient) { return gradient; }}};

}  // namespace whycam::methods
