#include "onednn/convolutions.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <vector>

namespace whycam::onednn {

using graph::Attributes;
using graph::Node;
using graph::Operator;
using graph::Shape;
using graph::Value;

After after(const Node& convolution) {
  return {convolution.inputs.size() > 3, convolution.attributes.relu, convolution.attributes.limit};
}

bool is_a_convolution(const Shape& weights, const Attributes& a) {
  for (std::size_t i = 0; i < a.strides.size(); ++i) {
    const std::int64_t reach = a.dilation[i] * (weights[i + 2] - 1);
    if (a.strides[i] != 1 || a.padding_begin[i] > reach || a.padding_end[i] > reach) return false;
  }
  return true;
}

Attributes turned(const Shape& weights, Attributes a) {
  for (std::size_t i = 0; i < a.strides.size(); ++i) {
    const std::int64_t reach = a.dilation[i] * (weights[i + 2] - 1);
    a.padding_begin[i] = reach - a.padding_begin[i];
    a.padding_end[i] = reach - a.padding_end[i];
  }
  return a;
}

Shape turned_shape(Shape weights, std::int64_t groups) {
  weights[0] /= groups;
  std::swap(weights[0], weights[1]);
  weights[0] *= groups;
  return weights;
}

namespace {

/// Whether a convolution, or a transposed one that is a convolution, is one for Winograd's algorithm.
bool is_for_winograd(const graph::Graph& graph, const Node& node) {
  const Shape& weights = graph.shape(node.inputs[1]);
  const graph::Integers ones{1, 1};
  const Attributes& a = node.attributes;
  return weights.size() == 4 && weights[2] == 3 && weights[3] == 3 && a.groups == 1 && weights[0] % 16 == 0 && weights[1] % 16 == 0 &&
         a.strides == ones && a.dilation == ones && a.padding_begin == ones && a.padding_end == ones;
}

/// Calls `make` with the convolution that is computed.
template <class Make>
auto as_convolution(const graph::Graph& graph, Value value, Winograd kind, const Make& make) {
  const Node& node = graph[value];
  const Shape& weights = graph.shape(node.inputs[1]);
  Shape x = graph.shape(node.inputs[0]), y = node.shape;
  if (kind == Winograd::example_by_example) x[0] = y[0] = 1;
  if (node.op == Operator::convolution) return make(x, weights, y, node.attributes, node.inputs.size() > 2, after(node));
  return make(x, turned_shape(weights, 1), y, turned(weights, node.attributes), false, After{});
}

}  // namespace

Operation winograd_operation(const graph::Graph& graph, Value value, Winograd kind) {
  return as_convolution(graph, value, kind, [](const auto&... of) { return *winograd_convolution(of...); });
}

namespace {

/// A convolution that Winograd's algorithm is faster for.
struct Candidate {
  Value value;
  Winograd kind;
  std::tuple<Value, bool, std::int64_t> pack;  ///< its weights, whether they are turned, and how many numbers more they take
  std::int64_t gain;                           ///< multiplications of the convolution
  std::int64_t additional() const { return std::get<2>(pack); }
};

void add_candidate(const graph::Graph& graph, Value value, Winograd kind, std::vector<Candidate>& candidates) {
  const Node& node = graph[value];
  const Shape& weights = graph.shape(node.inputs[1]);
  const std::int64_t numbers = graph::element_count(weights), channels = weights[0] + weights[1];
  const std::int64_t products = graph::element_count(node.shape) / std::max<std::int64_t>(1, node.shape[1]) * numbers;
  const std::int64_t at_once = kind == Winograd::all_examples ? products : products / std::max<std::int64_t>(1, node.shape[0]);
  // Below this much work a call costs more than it saves; with few channels, what it takes to bring them into blocks of 16.
  constexpr std::int64_t least_products = 26'000'000, least_channels = 15;
  if (at_once < least_products || weights[0] * weights[1] < least_channels * channels || !is_for_winograd(graph, node)) return;
  const auto packed = as_convolution(graph, value, kind, [](const auto&... of) { return winograd_weights(of...); });
  if (!packed || (kind == Winograd::example_by_example && *packed > 2 * numbers)) return;
  const std::int64_t additional = *packed - numbers;
  candidates.push_back({value, kind, {node.inputs[1], node.op == Operator::convolution_transpose, additional}, products});
}

}  // namespace

std::map<Value, Winograd> choose_winograd(const graph::Graph& graph) {
  std::vector<Candidate> candidates;
  std::set<std::pair<Value, bool>> packed;  // weights, and whether they are turned
  std::int64_t allowance = 0;
  for (Value value = 0; value < graph.size(); ++value) {
    const Node& node = graph[value];
    if (node.op == Operator::constant) allowance += 2 * graph::element_count(node.shape);
    const bool transposed = node.op == Operator::convolution_transpose;
    if (node.op != Operator::convolution && !transposed) continue;
    if (packed.insert({node.inputs[1], transposed}).second) allowance -= graph::element_count(graph.shape(node.inputs[1]));
    for (const Winograd kind : {Winograd::example_by_example, Winograd::all_examples}) add_candidate(graph, value, kind, candidates);
  }
  // What gains most for each number comes first: the small packs before the large ones, which replace them where there is room.
  std::stable_sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return static_cast<double>(a.gain) * static_cast<double>(b.additional()) > static_cast<double>(b.gain) * static_cast<double>(a.additional());
  });
  std::map<Value, Winograd> chosen;
  std::map<Value, std::int64_t> taken;
  std::set<std::tuple<Value, bool, std::int64_t>> packs;  // several convolutions may use one
  for (const Candidate& candidate : candidates) {
    const std::int64_t before = taken.count(candidate.value) ? taken[candidate.value] : 0;
    if (packs.count(candidate.pack) == 0) {
      if (candidate.additional() - before > allowance) continue;
      allowance -= candidate.additional() - before;
      packs.insert(candidate.pack);
    }
    taken[candidate.value] = candidate.additional();
    chosen[candidate.value] = candidate.kind;
  }
  return chosen;
}

}  // namespace whycam::onednn
