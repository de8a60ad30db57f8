#include "engine/compiled/program.h"

namespace whycam::engine {

graph::Graph program(const Lowered& lowered, const std::vector<ReluRule>& rules, const graph::Seen& seen) {
  std::vector<graph::ReluTreatment> treatments;
  for (const ReluRule& rule : rules) treatments.push_back(treatment(rule));
  return graph::program(lowered, treatments, /*all_outputs=*/false, seen);
}

}  // namespace whycam::engine
