#include "plain/stages.h"

#include "graph/print.h"
#include "plain/compiled.h"

std::vector<whycam::GraphStage> whycam::plain::stages_of(const graph::Forward& forward, const basics::ReluRule& rule) {
  std::vector<GraphStage> stages;
  const auto seen = [&](const char* pass, const graph::Graph& graph) {
    stages.push_back({pass, static_cast<std::size_t>(graph.size()), graph::to_string(graph)});
  };
  graph::optimise(graph::program(forward, {treatment(rule)}, /*all_outputs=*/false, seen), seen);
  return stages;
}
