#include "core/warning_texts.h"

#include "core/shape_text.h"
#include "whycam/errors.h"

namespace whycam::core {

std::string no_relu() {
  return "the network has no ReLU between its output and its inputs: guided backpropagation is the plain gradient then";
}

std::string no_autograd() {
  return "an ONNX network has no autograd engine; leave the choice of engine open, or take compiled";
}

std::string in_training_mode() {
  return "the network's dropout or batch normalisation works as in training: answers are random, or depend on the "
         "other examples of the batch; "
         "save the network after network.eval()";
}

std::string computed_in_float32() {
  return "the network's weights are of half precision; it was computed in float32, whose numbers differ from those in "
         "half precision by that one's rounding";
}

std::string computed_exactly(const std::string& reason) {
  return "the fast precision was asked for, and " + reason + ": gradients were computed in float32, as for exact";
}

std::string computed_convolution(const std::string& layer) {
  return "the weights of the convolution that \"" + layer +
         "\" gives were computed when the network was exported, as where a batch normalisation "
         "behind it is folded in: this is then the normalisation's output, and not what PyTorch's layer of that name "
         "gives";
}

std::string holds_nan(const Target& target) {
  return "the attribution for the target " + target.to_string() +
         " holds NaN: the network's activations or gradients overflow or divide by zero on this input";
}

std::string cannot_be_resized(const std::vector<std::int64_t>& attribution, const std::vector<std::int64_t>& input,
                              Interpolation mode) {
  return "the layer's attribution of " + shape_text(attribution) + " cannot be resized to an input of " +
         shape_text(input) + " by the mode " + to_string(mode) + "; that input's attribution is empty";
}

std::string layer_of_several_tensors(const std::string& layer, std::size_t count, std::size_t chosen,
                                     const std::vector<std::int64_t>& shape) {
  return "the layer \"" + layer + "\" gives " + std::to_string(count) + " tensors; this explains \"" + layer + ":" +
         std::to_string(chosen) + "\", the last with spatial extent, of shape " + shape_text(shape) +
         ". Give the layer with another index to explain another tensor";
}

std::string layout_unknown(const std::vector<std::int64_t>& shape) {
  return "which axes of the layer's tensor of " + shape_text(shape) +
         " are channels and space cannot be told from the network; say it with the layout (--layout nchw, nhwc, or the "
         "grid of tokens as in 14x14+1), or choose another layer";
}

std::string layout_assumed(const std::vector<std::int64_t>& input) {
  return "which axes of the input of " + shape_text(input) +
         " are channels and space cannot be told from the network: N x C x space was assumed; where that is wrong, say "
         "it with the layout";
}

bool can_be_resized(const std::vector<std::int64_t>& attribution, const std::vector<std::int64_t>& input,
                    Interpolation mode) {
  return attribution.size() == input.size() && fits(mode, static_cast<std::int64_t>(input.size())) &&
         attribution[0] == input[0];
}

void require_channels(const std::vector<std::int64_t>& activation) {
  if (activation.size() < 2)
    throw LayerError("the layer gives a tensor of " + shape_text(activation) +
                     "; Grad-CAM needs examples and channels at least (N x C x space)");
}

}  // namespace whycam::core
