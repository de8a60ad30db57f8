// A whole explanation as one graph: forward pass, gradients, methods.
#pragma once

#include <string>

#include "core/cannot_compile.h"
#include "graph/program.h"
#include "methods/explanation.h"

namespace whycam::explain {

using core::CannotCompile;

struct ExplanationGraph {
  /// Its outputs are "output" in section 0 and those parts that have a value in section 1, called part_name().
  graph::Graph graph;
  methods::Parts parts;
};

/// The method's name and the part's index: "grad_cam.0".
std::string part_name(const methods::Parts& parts, std::size_t index);

/// What happens at a network's ReLUs.
graph::ReluTreatment treatment(const core::ReluRule& rule);

/// With `all_outputs`, the network's outputs beside the explained one are outputs, too. Nothing is optimised. Throws
/// CannotCompile where the explained output does not depend on a layer, and ModelError where methods need the gradient
/// at the inputs and it depends on none of them.
ExplanationGraph explanation_graph(const graph::Forward& forward, const methods::Settings& settings,
                                   bool all_outputs = false, const graph::Seen& seen = {},
                                   const graph::Seed& seed = {});

}  // namespace whycam::explain
