#include "basics/doubts.h"

#include "basics/shape_text.h"
#include "whycam/errors.h"

namespace whycam::basics {

std::string no_relu() {
  return "the network has no ReLU between its output and its inputs: guided backpropagation is the plain gradient then";
}

std::string holds_nan(const Target& target) {
  return "the attribution for the target " + target.to_string() +
         " holds NaN: the network's activations or gradients overflow or divide by zero on this input";
}

std::string cannot_be_resized(const std::vector<std::int64_t>& attribution, const std::vector<std::int64_t>& input, Interpolation mode) {
  return "the layer's attribution of " + shape_text(attribution) + " cannot be resized to an input of " + shape_text(input) +
         " by the mode " + to_string(mode) + "; that input's attribution is empty";
}

bool can_be_resized(const std::vector<std::int64_t>& attribution, const std::vector<std::int64_t>& input, Interpolation mode) {
  return attribution.size() == input.size() && fits(mode, static_cast<std::int64_t>(input.size())) && attribution[0] == input[0];
}

void require_channels(const std::vector<std::int64_t>& activation) {
  if (activation.size() < 2)
    throw LayerError("the layer gives a tensor of " + shape_text(activation) + "; Grad-CAM needs examples and channels at least (N x C x space)");
}

}  // namespace whycam::basics
