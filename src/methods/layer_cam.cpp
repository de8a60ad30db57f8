// Jiang et al. 2021, "LayerCAM: Exploring Hierarchical Class Activation Maps for Localization", equation 4.
#include "methods/method.h"

namespace whycam::methods {

const Definition layer_cam{"layercam", "LayerCAM", HeatMap{[](Graph& graph, Value activation, Value gradient) {
                             return graph.binary(graph::Operator::multiply, activation,
                                                 graph.unary(graph::Function::relu, gradient));
                           }}};

}  // namespace whycam::methods
