// The graph of a TorchScript network with the calls of some of its layers observed.
#pragma once

#include <torch/csrc/jit/ir/ir.h>

#include <memory>
#include <string>
#include <vector>

#include "torch/model/network.h"

namespace whycam::network {

/// A copy of the graph of `module`'s forward, everything inlined, in which the modules at `paths` report what leaves
/// (or enters) them to the current Recorder, path i to slot i. Throws ModelError where the graph holds operators that
/// have no gradient because the network was quantised or optimised for inference.
std::shared_ptr<torch::jit::Graph> observed_graph(const torch::jit::Module& module,
                                                  const std::vector<std::string>& paths, LayerSide side);

/// Makes constants of half precision float32, and what converts to it convert to float32.
void compute_in_float32(torch::jit::Graph& graph);

/// Makes the element of the output that `path` leads to what enters the softmax, log-softmax or sigmoid that it comes
/// from. Throws ModelError where it comes from none.
void give_before_softmax(std::shared_ptr<torch::jit::Graph> graph, const std::vector<OutputElement>& path);

/// What a network's forward does beside giving its output.
struct SideEffects {
  /// It may set its attributes, or write over tensors among them, in the mode that it has. Errs on the side of yes.
  bool writes_attributes = false;
  /// A dropout or batch normalisation works as in training: because it was traced so, or because the modules are in
  /// that mode.
  bool works_as_in_training = false;
};
SideEffects side_effects(const torch::jit::Module& module, bool modules_in_training);

}  // namespace whycam::network
