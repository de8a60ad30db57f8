// Any network as a graph of the compiler's.
#pragma once

#include "core/cannot_compile.h"
#include "graph/program.h"
#include "torch/engine/engine.h"
#include "torch/model/network.h"

namespace whycam::engine {

/// The autograd engine explains what cannot be compiled.
using core::CannotCompile;

using graph::argument_name;
using graph::input_name;

/// The forward pass with the request's layers. Throws LayerError, and CannotCompile, also for a network that has no
/// graph.
graph::Forward lower(const network::Network& network, const Request& request);

}  // namespace whycam::engine
