// Where channels and space lie in what a run under autograd gives.
#pragma once

#include "methods/layouts.h"
#include "torch/engine/autograd/autograd_run.h"
#include "torch/engine/engine.h"
#include "torch/model/network.h"

namespace whycam::engine {

/// By the network's graph where it has one. Without, the inputs are N x C x space, and so is a layer with nothing
/// between it and them that moves axes; for others the network is run on larger inputs, to see which of the layer's
/// axes grow. Throws LayerError where that tells nothing.
methods::Layouts layouts_of(const network::RunnableNetwork& network, const Request& request, const AutogradRun& run);

/// Which axis of the explained output counts classes or channels; nothing where there is no graph that tells it.
std::optional<std::size_t> class_axis_of(const network::RunnableNetwork& network, Request request);

}  // namespace whycam::engine
