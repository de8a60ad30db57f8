#include "backends/onednn/convolutions.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "backends/onednn/winograd.h"

namespace whycam::onednn {

using graph::ConvolutionAttributes;
using graph::Node;
using graph::Operator;
using graph::Shape;
using graph::Value;

After after(const Node& convolution) {
  return {convolution.inputs.size() > 3, convolution.fused.relu, convolution.fused.limit};
}

bool is_a_convolution(const Shape& weights, const ConvolutionAttributes& a) {
  for (std::size_t i = 0; i < a.strides.size(); ++i) {
    const std::int64_t reach = a.dilation[i] * (weights[i + 2] - 1);
    if (a.strides[i] != 1 || a.padding_begin[i] > reach || a.padding_end[i] > reach) return false;
  }
  return true;
}

ConvolutionAttributes turned(const Shape& weights, ConvolutionAttributes a) {
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

Shape grouped(Shape weights, std::int64_t groups) {
  if (groups == 1) return weights;
  weights[0] /= groups;
  weights.insert(weights.begin(), groups);
  return weights;
}

namespace {

/// Whether a convolution, or a transposed one that is a convolution, is one for Winograd's algorithm.
bool is_for_winograd(const graph::Graph& graph, const Node& node) {
  const Shape& weights = graph.shape(node.inputs[1]);
  const graph::Integers ones{1, 1};
  const auto& a = node.as<ConvolutionAttributes>();
  return weights.size() == 4 && weights[2] == 3 && weights[3] == 3 && a.groups == 1 && weights[0] % 16 == 0 &&
         weights[1] % 16 == 0 && a.strides == ones && a.dilation == ones && a.padding_begin == ones &&
         a.padding_end == ones;
}

/// What a convolution costs, in multiplications of oneDNN's direct ones.
double direct_cost(const Shape& weights, const Shape& y) {
  return 9.0 * static_cast<double>(weights[0] * weights[1]) * static_cast<double>(y[0] * y[2] * y[3]);
}

/// The same by Winograd's algorithm. Measured with 16 to 512 channels and 7 x 7 to 56 x 56 places.
double winograd_cost(const Shape& weights, const Shape& y, std::int64_t tile_size) {
  constexpr double product = 1.2, transform = 12, read = 15, call = 1e6;
  constexpr double cached = 1 << 18;  // so many weights stay in the second-level cache
  const auto elements = static_cast<double>((tile_size + 2) * (tile_size + 2));
  const auto tiles =
      static_cast<double>(y[0] * ((y[2] + tile_size - 1) / tile_size) * ((y[3] + tile_size - 1) / tile_size));
  const double matrix = static_cast<double>(weights[0] * weights[1]),
               channels = static_cast<double>(weights[0] + weights[1]);
  return elements *
             (tiles * (product * matrix + transform * channels) + (elements * matrix > cached ? read * matrix : 0)) +
         call;
}

/// Weights packed for Winograd's algorithm.
struct Pack {
  std::vector<Value> convolutions;  ///< that read them
  double gain = 0;                  ///< what these save
  std::int64_t additional = 0;      ///< numbers more than the pack of a direct convolution
};

/// For those of the convolutions that read the same weights which gain by tiles of this size.
Pack pack_for(const graph::Graph& graph, const std::vector<Value>& convolutions, std::int64_t tile_size) {
  Pack pack;
  const Shape& weights = graph.shape(graph[convolutions[0]].inputs[1]);
  for (const Value value : convolutions) {
    if (!is_for_winograd(graph, graph[value]) || is_sparse(graph, value)) continue;
    const Shape& y = graph.shape(value);
    const double gain = direct_cost(weights, y) - winograd_cost(weights, y, tile_size);
    if (gain <= 0) continue;
    pack.convolutions.push_back(value);
    pack.gain += gain;
  }
  if (pack.convolutions.empty()) return pack;
  pack.additional = (tile_size + 2) * (tile_size + 2) * weights[0] * weights[1];
  if (pack.convolutions.size() == convolutions.size())
    pack.additional -= graph::element_count(weights);  // no direct convolution is left to read them
  return pack;
}

/// Taking a pack in place of a direct convolution's, or of a smaller one.
struct Step {
  std::vector<Value> convolutions;
  std::int64_t tile_size;
  bool replaces;  ///< a smaller one; else it is for convolutions that have none
  double gain;
  std::int64_t cost;
};

/// For each number.
bool gains_more(const Step& a, const Step& b) {
  return a.gain * static_cast<double>(b.cost) > b.gain * static_cast<double>(a.cost);
}

void add_steps(const graph::Graph& graph, const std::vector<Value>& convolutions, std::vector<Step>& steps) {
  const Pack small = pack_for(graph, convolutions, 2), large = pack_for(graph, convolutions, 4);
  // A large pack takes the place of a small one where it serves the same convolutions.
  const bool both = small.gain > 0 && large.gain > small.gain && large.convolutions == small.convolutions;
  const Step from_none{large.convolutions, 4, false, large.gain, large.additional},
      from_small{large.convolutions, 4, true, large.gain - small.gain, large.additional - small.additional};
  if (small.gain > 0 && (both || small.gain >= large.gain))
    steps.push_back({small.convolutions, 2, false, small.gain, small.additional});
  // What gains more for each number than the small one comes before it, where nothing is there to be replaced.
  if (large.gain > small.gain) steps.push_back(both && !gains_more(from_small, steps.back()) ? from_small : from_none);
}

}  // namespace

std::map<Value, std::int64_t> choose_winograd(const graph::Graph& graph, Room room) {
  if (!has_fast_products()) return {};
  std::map<std::pair<Value, bool>, std::vector<Value>> readers;  // of weights, as they are or turned
  std::int64_t own = 0;
  for (Value value = 0; value < graph.size(); ++value) {
    const Node& node = graph[value];
    if (node.op == Operator::constant) own += graph::element_count(node.shape);
    const bool transposed = node.op == Operator::convolution_transpose;
    if (node.op == Operator::convolution || transposed) readers[{node.inputs[1], transposed}].push_back(value);
  }
  std::int64_t allowance = static_cast<std::int64_t>(room.networks * static_cast<double>(own)) + room.numbers;
  std::vector<Step> steps;
  for (const auto& [weights, convolutions] : readers) {
    allowance -= graph::element_count(graph.shape(weights.first));
    add_steps(graph, convolutions, steps);
  }
  // What gains most for each number comes first.
  std::stable_sort(steps.begin(), steps.end(), gains_more);
  std::map<Value, std::int64_t> chosen;
  for (const Step& step : steps) {
    const bool has_one = chosen.count(step.convolutions.front()) > 0;
    if (step.cost > allowance || step.replaces != has_one) continue;
    allowance -= step.cost;
    for (const Value value : step.convolutions) chosen[value] = step.tile_size;
  }
  return chosen;
}

}  // namespace whycam::onednn
