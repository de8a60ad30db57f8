// A TorchScript network and the shapes of its inputs become a graph of the compiler's.
#pragma once

#include <ATen/core/ivalue.h>
#include <torch/types.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "graph/program.h"
#include "model/network.h"

namespace whycam::engine {

/// Why a network cannot be compiled: which operator, and where it stands. The autograd engine explains it then.
class CannotCompile : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What the graph calls its inputs, and those of the additional arguments that are tensors.
std::string input_name(std::size_t input);
std::string argument_name(std::size_t argument);

/// The forward pass, with layers as the Recorder would observe them.
using Lowered = graph::Forward;

/// Follows the script with these inputs, of which only shapes and types count. Whatever does not depend on them is computed
/// by libtorch on the way; control flow that does not depend on their values vanishes. Throws CannotCompile.
Lowered lower(const network::Script& script, const Request& request);

/// The same for whatever the network comes from. Throws LayerError, too, and CannotCompile for a network that has no graph.
Lowered lower(const network::Network& network, const Request& request);

}  // namespace whycam::engine
