#include "torch/model/failure.h"

#include "formats/torchscript/messages.h"

namespace whycam::network {

std::string failure_of_the_network(const std::exception& failure, const std::vector<torch::Tensor>& inputs,
                                   std::optional<torch::ScalarType> of_weights) {
  std::string shapes, types;
  for (const torch::Tensor& input : inputs) {
    shapes += (shapes.empty() ? "" : ", ") + torchscript::shape_text(input.sizes());
    if (of_weights && input.is_floating_point() && input.scalar_type() != *of_weights)
      types = std::string(" (the input is of the type ") + c10::toString(input.scalar_type()) +
              " and the network's weights are of the type " + c10::toString(*of_weights) + ": give both the same)";
  }
  return "the network failed on " + std::string(inputs.size() == 1 ? "an input of " : "inputs of ") + shapes + ": " +
         torchscript::first_sentence(failure) + types;
}

}  // namespace whycam::network
