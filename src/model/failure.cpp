#include "model/failure.h"

#include <c10/util/Exception.h>

#include <sstream>

#include "core/shape_text.h"

namespace whycam::network {

std::string shape_text(torch::IntArrayRef shape) { return core::shape_text(shape.vec()); }

std::string first_sentence(const std::exception& failure) {
  const auto* torch_error = dynamic_cast<const c10::Error*>(&failure);
  std::istringstream message(torch_error ? torch_error->what_without_backtrace() : failure.what());
  // The interpreter puts its traceback first and the reason last, behind "RuntimeError: "; c10 puts the reason first.
  std::string line, first, reason;
  while (std::getline(message, line)) {
    if (line.rfind("Exception raised from", 0) == 0) break;
    const auto error = line.find("Error: ");
    if (error != std::string::npos && line.find(' ') > error) reason = line.substr(error + 7);
    if (first.empty() && !line.empty()) first = line;
  }
  return reason.empty() ? first : reason;
}

std::string failure_of_the_network(const std::exception& failure, const std::vector<torch::Tensor>& inputs,
                                   std::optional<torch::ScalarType> of_weights) {
  std::string shapes, types;
  for (const torch::Tensor& input : inputs) {
    shapes += (shapes.empty() ? "" : ", ") + shape_text(input.sizes());
    if (of_weights && input.is_floating_point() && input.scalar_type() != *of_weights)
      types = std::string(" (the input is of the type ") + c10::toString(input.scalar_type()) +
              " and the network's weights are of the type " + c10::toString(*of_weights) + ": give both the same)";
  }
  return "the network failed on " + std::string(inputs.size() == 1 ? "an input of " : "inputs of ") + shapes + ": " +
         first_sentence(failure) + types;
}

}  // namespace whycam::network
