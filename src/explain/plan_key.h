// What tells the plans of one network apart.
#pragma once

#include <string>
#include <tuple>
#include <vector>

#include "backends/backend.h"
#include "graph/graph.h"
#include "methods/explanation.h"
#include "whycam/output_element.h"

namespace whycam::explain {

/// Inputs, layer, whether what enters it is observed, the explained output, settings, threads. Values, never text made
/// of them: two requests are equal only where each of their parts is.
using PlanKey =
    std::tuple<std::vector<graph::Shape>, std::string, bool, std::vector<OutputElement>, methods::Settings, int>;

/// Without methods that need a layer, one plan does for all of them.
inline PlanKey plan_key(const std::vector<graph::Shape>& inputs, const std::string& layer, bool layer_input,
                        const std::vector<OutputElement>& output, const methods::Settings& settings) {
  const bool at_layer = settings.need_layers();
  return {inputs, at_layer ? layer : "", at_layer && layer_input, output, settings, backends::cpu().thread_count()};
}

}  // namespace whycam::explain
