// A TorchScript network and the shapes of its inputs become a graph of the compiler's.
#pragma once

#include <vector>

#include "engine/engine.h"
#include "explain/cannot_compile.h"
#include "graph/program.h"
#include "model/network.h"
#include "whycam/torch_tensor.h"

namespace whycam::engine {

/// The autograd engine explains what cannot be compiled.
using explain::CannotCompile;

using graph::argument_name;
using graph::input_name;

/// The forward pass, with layers as the Recorder would observe them.
using Lowered = graph::Forward;

/// Follows the script with these inputs, of which only shapes and types count. Whatever does not depend on them is
/// computed by libtorch on the way; control flow that does not depend on their values vanishes. Throws CannotCompile.
Lowered lower(const network::Script& script, const Request& request);

/// The same for whatever the network comes from. Throws LayerError, too, and CannotCompile for a network that has no
/// graph.
Lowered lower(const network::Network& network, const Request& request);

}  // namespace whycam::engine
