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

/// Inputs, whether what enters the layer is observed, the explained output, settings with the layer's name, threads.
/// Values, never text made of them: two requests are equal only where each of their parts is.
using PlanKey = std::tuple<std::vector<graph::Shape>, bool, std::vector<OutputElement>, methods::Settings, int>;

/// Without methods that need a layer, one plan does for all of them.
inline PlanKey plan_key(const std::vector<graph::Shape>& inputs, bool layer_input,
                        const std::vector<OutputElement>& output, const methods::Settings& settings) {
  return {inputs, settings.need_layers() && layer_input, output, settings, backends::cpu().thread_count()};
}

}  // namespace whycam::explain
