// Simonyan et al. 2013, "Deep Inside Convolutional Networks: Visualising Image Classification Models and Saliency
// Maps".
#include "methods/method.h"

namespace whycam::methods {

/// The absolute value of the gradient, as captum.attr.Saliency has it.
const Definition saliency{"saliency", "saliency",
                          InputMap{core::ReluGradient::plain, [](Graph& graph, Value, Value gradient) {
                                     return graph.unary(graph::Function::absolute, gradient);
                                   }}};

}  // namespace whycam::methods
