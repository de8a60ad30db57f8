#include "onednn/convolutions.h"

#include <algorithm>
#include <utility>
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
  return weights.size() == 4 && weights[2] == 3 && weights[3] == 3 && a.groups == 1 && weights[0] % 16 == 0 &&
         weights[1] % 16 == 0 && a.strides == ones && a.dilation == ones && a.padding_begin == ones &&
         a.padding_end == ones;
}

/// Calls `make` with the convolution that is computed.
template <class Make>
auto as_convolution(const graph::Graph& graph, Value value, Winograd kind, const Make& make) {
  const Node& node = graph[value];
  const Shape& weights = graph.shape(node.inputs[1]);
  Shape x = graph.shape(node.inputs[0]), y = node.shape;
  if (kind == Winograd::example_by_example) x[0] = y[0] = 1;
  if (node.op == Operator::convolution)
    return make(x, weights, y, node.attributes, node.inputs.size() > 2, after(node));
  return make(x, turned_shape(weights, 1), y, turned(weights, node.attributes), false, After{});
}

}  // namespace

Operation winograd_operation(const graph::Graph& graph, Value value, Winograd kind) {
  return as_convolution(graph, value, kind, [](const auto&... of) { return *winograd_convolution(of...); });
}

namespace {

/// Weights packed for Winograd's algorithm.
struct Pack {
  std::vector<Value> convolutions;  ///< that read them
  double products = 0;              ///< their multiplications
  std::int64_t additional = 0;      ///< numbers more than the pack of a direct convolution
};

/// How one convolution would have its weights; nothing where it is not for Winograd's algorithm of this kind.
std::optional<dnnl::memory::desc> weights_for(const graph::Graph& graph, Value value, Winograd kind,
                                              std::int64_t products) {
  const Node& node = graph[value];
  const Shape& weights = graph.shape(node.inputs[1]);
  const std::int64_t channels = weights[0] + weights[1];
  const std::int64_t at_once =
      kind == Winograd::all_examples ? products : products / std::max<std::int64_t>(1, node.shape[0]);
  // Below this much work a call costs more than it saves; with few channels, what it takes to bring them into blocks
  // of 16.
  constexpr std::int64_t least_products = 26'000'000, least_channels = 15;
  if (at_once < least_products || weights[0] * weights[1] < least_channels * channels || !is_for_winograd(graph, node))
    return std::nullopt;
  return as_convolution(graph, value, kind, [](const auto&... of) { return winograd_weights(of...); });
}

std::int64_t numbers_of(const dnnl::memory::desc& weights) {
  return static_cast<std::int64_t>(weights.get_size() / sizeof(float));
}

/// For those of the convolutions that read the same weights which this kind is for; nothing where it is for none.
std::optional<Pack> pack_for(const graph::Graph& graph, const std::vector<Value>& convolutions, Winograd kind) {
  Pack pack;
  std::vector<dnnl::memory::desc> orders;  // sizes of inputs may want different ones
  const std::int64_t numbers = graph::element_count(graph.shape(graph[convolutions[0]].inputs[1]));
  for (const Value value : convolutions) {
    const Node& node = graph[value];
    const std::int64_t products = graph::element_count(node.shape) / std::max<std::int64_t>(1, node.shape[1]) * numbers;
    const auto weights = weights_for(graph, value, kind, products);
    if (!weights || (kind == Winograd::example_by_example && numbers_of(*weights) > 2 * numbers)) continue;
    pack.convolutions.push_back(value);
    pack.products += static_cast<double>(products);
    if (std::find(orders.begin(), orders.end(), *weights) != orders.end()) continue;
    orders.push_back(*weights);
    pack.additional += numbers_of(*weights);
  }
  if (pack.convolutions.empty()) return std::nullopt;
  if (pack.convolutions.size() == convolutions.size())
    pack.additional -= numbers;  // no direct convolution is left to read them
  return pack;
}

/// Taking a pack in place of a direct convolution's, or of a smaller one.
struct Step {
  std::vector<Value> convolutions;
  Winograd kind;
  bool replaces;  ///< a smaller one
  double gain;
  std::int64_t cost;
};

void add_steps(const graph::Graph& graph, const std::vector<Value>& convolutions, std::vector<Step>& steps) {
  // What is saved of a direct convolution's time, measured with 64 to 512 channels.
  constexpr double by_small_tiles = 0.4, by_large_tiles = 0.5;
  auto small = pack_for(graph, convolutions, Winograd::example_by_example);
  const auto large = pack_for(graph, convolutions, Winograd::all_examples);
  if (small && large && (large->additional <= small->additional || large->convolutions != small->convolutions))
    small.reset();
  if (small)
    steps.push_back({small->convolutions, Winograd::example_by_example, false, by_small_tiles * small->products,
                     small->additional});
  if (!large) return;
  const double saved = by_large_tiles - (small ? by_small_tiles : 0);
  const std::int64_t cost = large->additional - (small ? small->additional : 0);
  steps.push_back({large->convolutions, Winograd::all_examples, small.has_value(), saved * large->products, cost});
}

}  // namespace

std::map<Value, Winograd> choose_winograd(const graph::Graph& graph) {
  std::map<std::pair<Value, bool>, std::vector<Value>> readers;  // of weights, as they are or turned
  std::int64_t allowance = 0;
  for (Value value = 0; value < graph.size(); ++value) {
    const Node& node = graph[value];
    if (node.op == Operator::constant) allowance += 2 * graph::element_count(node.shape);
    const bool transposed = node.op == Operator::convolution_transpose;
    if (node.op == Operator::convolution || transposed) readers[{node.inputs[1], transposed}].push_back(value);
  }
  std::vector<Step> steps;
  for (const auto& [weights, convolutions] : readers) {
    allowance -= graph::element_count(graph.shape(weights.first));
    add_steps(graph, convolutions, steps);
  }
  // What gains most for each number comes first: small packs before the large ones, which replace them where there is
  // room.
  std::stable_sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) {
    return a.gain * static_cast<double>(b.cost) > b.gain * static_cast<double>(a.cost);
  });
  std::map<Value, Winograd> chosen;
  for (const Step& step : steps) {
    if (step.cost > allowance || (step.replaces && chosen.count(step.convolutions.front()) == 0)) continue;
    allowance -= step.cost;
    for (const Value value : step.convolutions) chosen[value] = step.kind;
  }
  return chosen;
}

}  // namespace whycam::onednn
