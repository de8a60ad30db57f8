#include "backends/onednn/batch.h"

#include <vector>

#include "graph/evaluate.h"
#include "graph/examples.h"

namespace whycam::onednn {
namespace {

using graph::Value;

/// What the steps of a graph read and write, in bytes.
struct Traffic {
  std::vector<double> steps;  ///< each with an example
  double weights = 0;         ///< all steps together
};

Traffic traffic_of(const graph::Graph& graph, std::int64_t examples) {
  const std::vector<bool> constant = graph::constant_values(graph);
  const auto bytes_of = [&](Value value) {
    return static_cast<double>(graph::element_count(graph.shape(value))) * sizeof(float);
  };
  Traffic traffic;
  for (Value value = 0; value < graph.size(); ++value) {
    if (constant[static_cast<std::size_t>(value)]) continue;
    double bytes = bytes_of(value);
    for (const Value input : graph[value].inputs)
      (constant[static_cast<std::size_t>(input)] ? traffic.weights : bytes) += bytes_of(input);
    traffic.steps.push_back(bytes / static_cast<double>(examples));
  }
  return traffic;
}

/// What goes through memory for all examples, so many at a time.
double cost(const Traffic& traffic, std::int64_t examples, std::int64_t at_once) {
  // What the caches of most processors hold. They are not asked: virtual machines describe other ones than they have.
  constexpr double cached = 24 << 20;
  constexpr double call = 1 << 17;  // is moved in the time that a step takes to begin
  const auto part = static_cast<double>(at_once), parts = static_cast<double>(examples / at_once);
  double bytes = parts * (traffic.weights + call * static_cast<double>(traffic.steps.size()));
  for (const double step : traffic.steps)
    if (step * part > cached) bytes += step * static_cast<double>(examples);
  return bytes;
}

}  // namespace

std::int64_t examples_at_once(const graph::Graph& graph, std::int64_t fewest) {
  constexpr double worth = 0.6;  // of the cost: small products are slower than large ones
  const std::int64_t examples = graph::example_count(graph);
  if (examples <= fewest) return examples;
  const Traffic traffic = traffic_of(graph, examples);
  std::int64_t best = examples;
  double least = cost(traffic, examples, examples) * worth;
  for (std::int64_t at_once = examples / 2; at_once >= fewest; --at_once) {
    if (examples % at_once != 0) continue;
    const double of_parts = cost(traffic, examples, at_once);
    if (of_parts >= least) continue;
    least = of_parts;
    best = at_once;
  }
  return best;
}

}  // namespace whycam::onednn
