// All that an explanation computes, as one graph; in the engine's words.
#pragma once

#include <vector>

#include "engine/compiled/lowering.h"

namespace whycam::engine {

using graph::input_gradient_name;
using graph::layer_gradient_name;
using graph::layer_name;
using graph::layer_section;
using graph::section_of_rule;

/// What happens at a network's ReLUs.
graph::ReluTreatment treatment(const ReluRule& rule);

/// graph::program with these rules.
graph::Graph program(const Lowered& lowered, const std::vector<ReluRule>& rules, const graph::Seen& seen = {});

/// Which activations stand between the output and the inputs.
ActivationReport activations(const Lowered& lowered, bool clipped_relus);

}  // namespace whycam::engine
