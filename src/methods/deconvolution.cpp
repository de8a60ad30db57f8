// Zeiler and Fergus 2014, "Visualizing and Understanding Convolutional Networks".
#include "methods/method.h"

namespace whycam::methods {

const Definition deconvolution{
    "deconvolution", "deconvolution",
    InputMap{core::ReluGradient::deconvolution, [](Graph&, Value, Value gradient) { return gradient; }}};

}  // namespace whycam::methods
