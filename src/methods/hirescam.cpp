// Draelos and Carin 2020, "Use HiResCAM instead of Grad-CAM for faithful explanations of convolutional neural
// networks".
#include "methods/method.h"

namespace whycam::methods {

const Definition hirescam{"hirescam", "HiResCAM", HeatMap{[](Graph& graph, Value activation, Value gradient) {
                            return graph.binary(graph::Operator::multiply, activation, gradient);
                          }}};

}  // namespace whycam::methods
