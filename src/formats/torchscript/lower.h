// A TorchScript network and the shapes of its inputs become a graph of the compiler's.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/cannot_compile.h"
#include "graph/program.h"
#include "whycam/output_element.h"
#include "whycam/torch_tensor.h"

namespace whycam::torchscript {

using core::CannotCompile;

struct Script;  // formats/torchscript/script.h

/// What is observed of a layer.
struct ObservedLayer {
  std::optional<std::int64_t> call;   ///< without, the last
  std::optional<std::string> tensor;  ///< by its name; without, all of them
};

/// What a script is called with, of which only shapes and types count, and the values of arguments that are no tensors.
struct Arguments {
  const std::vector<torch::Tensor>& inputs;
  const std::vector<c10::IValue>& additional_arguments;
  const std::vector<OutputElement>& output_element;
  std::vector<ObservedLayer> layers;  ///< those that the script observes
};

/// The forward pass, with layers as the Recorder would observe them. Whatever does not depend on the inputs is computed
/// by libtorch on the way; control flow that does not depend on their values vanishes. Throws CannotCompile.
graph::Forward lower(const Script& script, const Arguments& arguments);

}  // namespace whycam::torchscript
