#include "torch/model/failure.h"

#include "formats/torchscript/messages.h"

#include <cctype>

namespace whycam::network {
namespace {

/// The device that was written into the network's code and is not here; "" where something else failed.
std::string missing_device(std::string message, const std::vector<torch::Tensor>& inputs) {
  for (char& letter : message) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  const auto says = [&](const std::string& words) { return message.find(words) != std::string::npos; };
  for (const std::string device : {"cuda", "mps", "hip", "xpu", "xla"}) {
    bool in_use = false;
    for (const torch::Tensor& input : inputs) in_use = in_use || input.device().str().rfind(device, 0) == 0;
    if (!in_use && (says("'" + device + "' backend") || says("support for " + device) || says("initialize " + device) ||
                    says("no " + device + " gpus") || says("with " + device + " enabled") ||
                    (device == "cuda" && says("no nvidia driver"))))
      return device;
  }
  return "";
}

}  // namespace

void raise_failure_of_libtorch(const std::exception& failure) {
  torchscript::throw_if_out_of_memory(failure);
  throw ModelError("libtorch cannot work with this network: " + torchscript::first_sentence(failure) +
                   "; save it again before it is frozen, quantised, converted or optimised for inference");
}

std::string failure_of_the_network(const std::exception& failure, const std::vector<torch::Tensor>& inputs,
                                   std::optional<torch::ScalarType> of_weights) {
  std::string shapes, types;
  for (const torch::Tensor& input : inputs) {
    shapes += (shapes.empty() ? "" : ", ") + torchscript::shape_text(input.sizes());
    if (of_weights && input.is_floating_point() && input.scalar_type() != *of_weights)
      types = std::string(" (the input is of the type ") + c10::toString(input.scalar_type()) +
              " and the network's weights are of the type " + c10::toString(*of_weights) + ": give both the same)";
  }
  std::string reason = torchscript::first_sentence(failure);
  if (const std::string device = missing_device(reason, inputs); !device.empty())
    reason =
        "its code names the device " + device + ", which is not here: torch.device(\"" + device + "\") or ." + device +
        "() was written into it when it was traced or scripted. Take the device from the input there (x.device), or "
        "trace it on the CPU, and save it again";
  return "the network failed on " + std::string(inputs.size() == 1 ? "an input of " : "inputs of ") + shapes + ": " +
         reason + types;
}

}  // namespace whycam::network
