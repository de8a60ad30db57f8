// Springenberg et al. 2014, "Striving for Simplicity: The All Convolutional Net", section 3.4.
#include "methods/method.h"

namespace whycam::methods {

const Definition guided_backprop{
    "guided-backprop", "guided backpropagation",
    InputMap{core::ReluGradient::guided, [](Graph&, Value, Value gradient) { return gradient; }}};

}  // namespace whycam::methods
