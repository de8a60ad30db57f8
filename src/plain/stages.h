// What the compiler makes of a network, pass by pass.
#pragma once

#include <vector>

#include "basics/relu_rule.h"
#include "graph/program.h"
#include "whycam/graph_stage.h"

namespace whycam::plain {

/// The graph of an explanation by this rule, after each pass.
std::vector<GraphStage> stages_of(const graph::Forward& forward, const basics::ReluRule& rule);

}  // namespace whycam::plain
