// Sundararajan et al. 2017, "Axiomatic Attribution for Deep Networks".
#include "methods/method.h"

namespace whycam::methods {

const Definition integrated_gradients{"integrated-gradients", "integrated gradients", PathIntegral{Method::gradient}};

}  // namespace whycam::methods
