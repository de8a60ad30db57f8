// Shrikumar et al. 2016, "Not Just a Black Box: Learning Important Features Through Propagating Activation
// Differences".
#include "methods/method.h"

namespace whycam::methods {

const Definition input_x_gradient{"input-x-gradient", "input times gradient",
                                  InputMap{core::ReluGradient::plain, [](Graph& graph, Value input, Value gradient) {
                                             return graph.binary(graph::Operator::multiply, input, gradient);
                                           }}};

}  // namespace whycam::methods
