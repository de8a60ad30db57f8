// All that an explanation computes, as one graph; in the engine's words.
#pragma once

#include <vector>

#include "engine/compiled/lowering.h"
#include "plain/compiled.h"

namespace whycam::engine {

using graph::input_gradient_name;
using graph::layer_gradient_name;
using graph::layer_name;
using graph::layer_section;
using graph::section_of_rule;
using plain::activations;
using plain::treatment;

/// graph::program with these rules.
graph::Graph program(const Lowered& lowered, const std::vector<ReluRule>& rules, const graph::Seen& seen = {});

}  // namespace whycam::engine
