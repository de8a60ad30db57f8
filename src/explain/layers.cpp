#include "explain/layers.h"

#include <algorithm>

#include "graph/layout.h"
#include "whycam/errors.h"

namespace whycam::explain {
namespace {

using graph::Node;
using graph::Operator;
using graph::Value;

std::size_t index(Value value) { return static_cast<std::size_t>(value); }

/// What the output can be told of from a value, going back from the output.
class Reach {
 public:
  Reach(const Observed& pass, const std::vector<graph::Axes>& axes)
      : graph_(pass.graph), axes_(axes), any_(index(pass.graph.size()), false), plain_(any_), grid_(any_) {
    for (const Value output : pass.outputs)
      if (output != graph::no_value) any_[index(output)] = grid_[index(output)] = true;
    for (const Value output : pass.outputs)
      if (output != graph::no_value) {
        plain_[index(output)] = true;
        break;
      }
    for (Value value = graph_.size(); value-- > 0;) {
      if (!any_[index(value)]) continue;
      for (std::size_t i = 0; i < graph_[value].inputs.size(); ++i) back(value, graph_[value].inputs[i]);
    }
  }

  /// The output depends on it.
  bool any(Value value) const { return any_[index(value)]; }
  /// It is the output, or no weights lie between them: a segmenter's logits.
  bool plain(Value value) const { return plain_[index(value)]; }
  /// The output depends on more of it than on its class tokens.
  bool grid(Value value) const { return grid_[index(value)]; }

 private:
  /// Whether an operator has weights, or multiplies tensors with each other; matrices that resize are none.
  bool mixes(const Node& node) const {
    if (node.op != Operator::matmul)
      return node.op == Operator::convolution || node.op == Operator::convolution_transpose;
    const Node& matrix = graph_[node.inputs[1]];
    const graph::Axes& rows = axes_[index(node.inputs[0])];
    return matrix.op != Operator::constant || !matrix.name.empty() || rows.empty() ||
           !rows.back().is(graph::AxisPart::space);
  }

  void back(Value value, Value input) {
    const Node& node = graph_[value];
    any_[index(input)] = true;
    if (plain_[index(value)] && !mixes(node)) plain_[index(input)] = true;
    const bool among_tokens =
        node.op == Operator::matmul && graph_[node.inputs[1]].op != Operator::constant && any_[index(value)];
    if (among_tokens || (grid_[index(value)] && !cuts_grid_off(node, input))) grid_[index(input)] = true;
  }

  /// A slice that leaves class tokens alone.
  bool cuts_grid_off(const Node& node, Value input) const {
    if (node.op != Operator::slice) return false;
    const auto& part = node.as<graph::SliceAttributes>();
    const graph::Shape& from = graph_.shape(input);
    for (std::size_t d = 0; d < from.size(); ++d) {
      const graph::Axis& axis = axes_[index(input)][d];
      if (axis.before + axis.behind == 0) continue;
      const std::int64_t last = part.begin[d] + (part.shape[d] - 1) * part.step[d];
      if (last < axis.before || part.begin[d] >= from[d] - axis.behind) return true;
    }
    return false;
  }

  const graph::Graph& graph_;
  const std::vector<graph::Axes>& axes_;
  std::vector<bool> any_, plain_, grid_;
};

}  // namespace

void describe_layers(const Observed& pass, std::vector<LayerInfo>& layers) {
  const std::vector<graph::Axes> axes = graph::find_axes(pass.graph, pass.inputs);
  const Reach reach(pass, axes);
  // Of several names for one tensor the first is taken: the outermost module's.
  std::optional<std::size_t> last, last_plain;
  const auto later = [&](std::size_t i, const std::optional<std::size_t>& than) {
    return !than || pass.layers[i][0] > pass.layers[*than][0];
  };
  for (std::size_t i = 0; i < layers.size(); ++i) {
    LayerInfo& layer = layers[i];
    for (const Value value : pass.layers[i]) layer.output_shapes.push_back(pass.graph.shape(value));
    if (pass.layers[i].size() != 1) continue;
    const Value value = pass.layers[i][0];
    const auto layout = graph::layout_of(axes[index(value)]);
    if (!layout || !graph::has_space(pass.graph.shape(value), *layout)) continue;
    layer.layout = graph::to_string(*layout);
    layer.fit_for_grad_cam = reach.grid(value);
    if (!layer.fit_for_grad_cam) continue;
    const bool is_output = std::find(pass.outputs.begin(), pass.outputs.end(), value) != pass.outputs.end();
    if (!reach.plain(value) && later(i, last)) last = i;
    if (!is_output && later(i, last_plain)) last_plain = i;
  }
  if (!last) last = last_plain;
  if (last) layers[*last].is_default = true;
}

namespace {

Layout named(const graph::Shape& shape, const std::optional<graph::Layout>& found) {
  if (!found || shape.size() < 3) return {};
  if (*found == graph::channels_first(shape.size())) return Layout::channels_first();
  return *found == graph::channels_last(shape.size()) ? Layout::channels_last() : Layout();
}

}  // namespace

Layout known_layout(const graph::Shape& shape, const graph::Axes& axes) { return named(shape, graph::layout_of(axes)); }

std::vector<Layout> input_layouts(const graph::Graph& graph, const std::vector<Value>& inputs) {
  const std::vector<graph::Axes> axes = graph::find_axes(graph, inputs);
  std::vector<Layout> layouts;
  for (const Value input : inputs)
    layouts.push_back(named(graph.shape(input), graph::layout_of_input(axes[index(input)])));
  return layouts;
}

std::string default_layer_of(const std::vector<LayerInfo>& layers) {
  for (const LayerInfo& layer : layers)
    if (layer.is_default) return layer.path;
  if (layers.empty())
    throw LayerError(
        "the network has no submodules, and so no layer with a name: torch.jit.freeze and optimize_for_inference "
        "remove them. Save the "
        "network before those, or take guided backpropagation alone, which needs no layer");
  throw LayerError(
      "no layer of the network has spatial extent on this input; name one of its layers, or take guided "
      "backpropagation alone, which needs none");
}

}  // namespace whycam::explain
