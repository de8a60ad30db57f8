// All that an explanation computes, as one graph.
#pragma once

#include <string>
#include <vector>

#include "engine/compiled/lowering.h"
#include "graph/passes.h"

namespace whycam::engine {

/// A graph with these outputs: "output" and "layer.<layer>.<tensor>" in section 0; "layer_gradient.<layer>.<tensor>" in
/// section 1; "input_gradient.<rule>.<input>" in section 2 + rule. Its inputs are those of the lowered graph, and
/// "output_gradient". Where the output does not depend on something, its gradient is no output. What is optional is done by
/// graph::optimise, later.
graph::Graph program(const Lowered& lowered, const std::vector<ReluRule>& rules, const graph::Seen& seen = {});

std::string layer_name(std::size_t layer, std::size_t tensor);
std::string layer_gradient_name(std::size_t layer, std::size_t tensor);
std::string input_gradient_name(std::size_t rule, std::size_t input);
constexpr int layer_section = 1;
constexpr int section_of_rule(std::size_t rule) { return 2 + static_cast<int>(rule); }

/// Which activations stand between the output and the inputs.
ActivationReport activations(const Lowered& lowered, bool clipped_relus);

}  // namespace whycam::engine
