#include "methods/explanation.h"

#include <algorithm>
#include <numeric>

#include "core/warning_texts.h"
#include "graph/resize.h"
#include "whycam/errors.h"

namespace whycam::methods {
namespace {

using core::ReluGradient;
using graph::Shape;

/// The methods that were asked for and those that products are made of, each once.
std::vector<Method> with_factors(const std::vector<Method>& methods, Method cam) {
  std::vector<Method> all;
  const auto add = [&](Method method) {
    if (std::find(all.begin(), all.end(), method) == all.end()) all.push_back(method);
  };
  for (const Method method : methods) {
    if (const auto* product = std::get_if<Product>(&definition(method).kind)) {
      add(cam);
      add(product->input_map);
    }
    add(method);
  }
  return all;
}

core::ReluRule rule_for(ReluGradient gradient, const Settings& settings) {
  if (gradient == ReluGradient::plain) return {};
  const bool deconvolution = gradient == ReluGradient::deconvolution;
  return {gradient, deconvolution ? settings.deconvolution_rule : settings.guided_rule, settings.clipped_relus};
}

graph::Resizing resizing(Interpolation mode) {
  switch (mode) {
    case Interpolation::nearest:
      return graph::Resizing::nearest;
    case Interpolation::area:
      return graph::Resizing::area;
    case Interpolation::linear:
    case Interpolation::bilinear:
    case Interpolation::trilinear:
      return graph::Resizing::linear;
    case Interpolation::bicubic:
      return graph::Resizing::cubic;
  }
  throw InputError("unknown interpolation mode");
}

/// Leaves named_tensor() of each layer, and says so.
Sources with_named_tensors(const Graph& graph, const std::vector<std::string>& names, Sources sources) {
  for (std::size_t layer = 0; layer < sources.activations.size(); ++layer) {
    std::vector<Value>& activations = sources.activations[layer];
    if (activations.size() < 2) continue;
    std::vector<Shape> shapes;
    for (const Value activation : activations) shapes.push_back(graph.shape(activation));
    std::vector<graph::Layout>& layouts = sources.layouts.layers[layer];
    const std::size_t chosen = named_tensor(shapes, layouts);
    sources.layouts.warnings.push_back(
        {"layer tensors", core::layer_of_several_tensors(names.at(layer), shapes.size(), chosen, shapes[chosen])});
    activations = {activations[chosen]};
    layouts = {layouts[chosen]};
    sources.layer_gradients[layer] = {sources.layer_gradients[layer][chosen]};
  }
  return sources;
}

/// Maps are divided by no less.
constexpr double smallest = 1e-30;

class Appender {
 public:
  Appender(Graph& graph, const Settings& settings, const Sources& sources)
      : graph_(graph), settings_(settings), sources_(sources), rules_(settings.rules()) {
    if (!settings.layer_names.empty()) sources_ = with_named_tensors(graph, settings.layer_names, std::move(sources_));
    all_.warnings = sources_.layouts.warnings;
    all_.class_axis = sources_.layouts.class_axis;
  }

  Parts append() {
    const std::vector<Method> methods = with_factors(settings_.methods, settings_.cam);
    if (settings_.layer_values) append_layer_values();
    for (const Method method : methods)
      if (const auto* map = std::get_if<HeatMap>(&definition(method).kind)) append_heat_map(method, *map);
    if (settings_.merge != Merge::none && !settings_.keep_sign && !sources_.activations.empty())
      for (const Method method : methods)
        if (std::holds_alternative<HeatMap>(definition(method).kind)) append_merged(method);
    for (const Method method : methods)
      if (const auto* map = std::get_if<InputMap>(&definition(method).kind)) append_input_map(method, *map);
    for (const Method method : methods)
      if (const auto* product = std::get_if<Product>(&definition(method).kind)) append_product(method, *product);
    return std::move(all_);
  }

 private:
  void append_heat_map(Method method, const HeatMap& map) {
    for (std::size_t layer = 0; layer < sources_.activations.size(); ++layer) {
      const std::size_t first = all_.nodes.size(), count = sources_.activations[layer].size();
      for (std::size_t tensor = 0; tensor < count; ++tensor)
        all_.nodes.push_back({{method, true, layer}, heat_map_shape(layer, tensor), heat_map(map, layer, tensor)});
      for (std::size_t tensor = 0; tensor < count && settings_.layer_values; ++tensor)
        append_signed(all_.nodes[first + tensor]);
      if (settings_.keep_sign) continue;
      const auto begin = all_.nodes.begin() + static_cast<std::ptrdiff_t>(first);
      const std::vector<PartNode> at_layer(begin, begin + static_cast<std::ptrdiff_t>(count));
      for (std::size_t input = 0; input < sources_.inputs.size(); ++input)
        append_resized(at_layer,
                       graph::to_channels_first(graph_.shape(sources_.inputs[input]), sources_.layouts.inputs[input]));
    }
  }

  void append_layer_values() {
    for (std::size_t layer = 0; layer < sources_.activations.size(); ++layer)
      for (std::size_t tensor = 0; tensor < sources_.activations[layer].size(); ++tensor) {
        const Value activation = sources_.activations[layer][tensor];
        const Shape& shape = graph_.shape(activation);
        all_.nodes.push_back({{settings_.cam, true, layer, Part::Kind::activation}, shape, activation});
        all_.nodes.push_back(
            {{settings_.cam, true, layer, Part::Kind::gradient}, shape, sources_.layer_gradients[layer][tensor]});
      }
  }

  /// What a heat map was before its negative values were set to 0.
  void append_signed(PartNode map) {
    map.part.kind = Part::Kind::signed_heat_map;
    if (map.value != graph::no_value && !settings_.keep_sign) map.value = graph_[map.value].inputs.at(0);
    all_.nodes.push_back(std::move(map));
  }

  /// The largest of each example's numbers, which are not negative, as N x 1 x 1 and so on.
  Value maximum(Value map) {
    const std::int64_t examples = graph_.shape(map)[0], count = graph::element_count(graph_.shape(map)) / examples;
    Value rest = graph_.reshape(map, {examples, count});
    for (std::int64_t left = count; left > 1;) {  // two halves, which may share an element
      const std::int64_t half = (left + 1) / 2;
      rest = graph_.binary(graph::Operator::maximum, graph_.slice(rest, 1, 0, half),
                           graph_.slice(rest, 1, left - half, half));
      left = half;
    }
    Shape shape(graph_.shape(map).size(), 1);
    shape[0] = examples;
    return graph_.reshape(rest, std::move(shape));
  }

  /// A heat map divided by its maximum and resized as another part was; no_value for a map of zeros.
  Value scaled(Method method, std::size_t layer, const Shape& shape) {
    for (const PartNode& one : all_.nodes) {
      if (one.part.method != method || one.part.layer != layer || !one.part.at_layer ||
          one.part.kind != Part::Kind::map || !core::can_be_resized(one.shape, shape, settings_.interpolation))
        continue;
      if (one.value == graph::no_value) return one.value;
      // What is 0 throughout stays 0.
      const Value divisor = graph_.binary(graph::Operator::maximum, maximum(one.value), graph_.scalar(smallest));
      const Value map = graph_.binary(graph::Operator::divide, one.value, divisor);
      return graph::resize(graph_, map, {shape.begin() + 2, shape.end()}, resizing(settings_.interpolation));
    }
    return graph::no_value;
  }

  void append_merged(Method method) {
    const std::size_t layers = sources_.activations.size();
    for (std::size_t input = 0; input < sources_.inputs.size(); ++input) {
      Shape shape = at_inputs(method, 0).at(input).shape;
      for (std::size_t layer = 1; layer < layers; ++layer)
        if (at_inputs(method, layer).at(input).shape == Shape{0}) shape = {0};
      Value merged = graph::no_value;
      for (std::size_t layer = 0; layer < layers && shape != Shape{0}; ++layer) {
        Value one = scaled(method, layer, shape);
        if (one == graph::no_value) continue;  // zeros
        if (settings_.merge == Merge::mean)
          one = graph_.unary(graph::Function::linear, one, 1.0 / static_cast<double>(layers), 0);
        const auto op = settings_.merge == Merge::mean ? graph::Operator::add : graph::Operator::maximum;
        merged = merged == graph::no_value ? one : graph_.binary(op, merged, one);
      }
      all_.nodes.push_back({{method, false, merged_layer}, shape, merged});
    }
  }

  Shape heat_map_shape(std::size_t layer, std::size_t tensor) const {
    Shape shape = graph_.shape(sources_.activations[layer][tensor]);
    core::require_channels(shape);
    shape = graph::to_channels_first(shape, sources_.layouts.layers[layer][tensor]);
    if (settings_.sum_channels) shape[1] = 1;
    return shape;
  }

  Value heat_map(const HeatMap& map, std::size_t layer, std::size_t tensor) {
    const Value gradient = sources_.layer_gradients[layer][tensor];
    if (gradient == graph::no_value) return gradient;
    const graph::Layout& layout = sources_.layouts.layers[layer][tensor];
    Value result = map.channels(graph_, graph::to_channels_first(graph_, sources_.activations[layer][tensor], layout),
                                graph::to_channels_first(graph_, gradient, layout));
    if (settings_.sum_channels) result = graph_.sum(result, {1});
    return settings_.keep_sign ? result : graph_.unary(graph::Function::relu, result);
  }

  void append_resized(const std::vector<PartNode>& at_layer, const Shape& input) {
    const Part part{at_layer.at(0).part.method, false, at_layer[0].part.layer};
    const auto fit = std::find_if(at_layer.begin(), at_layer.end(), [&](const PartNode& one) {
      return core::can_be_resized(one.shape, input, settings_.interpolation);
    });
    if (fit == at_layer.end()) {
      all_.nodes.push_back({part, {0}, graph::no_value});
      all_.warnings.push_back({"resize", core::cannot_be_resized(at_layer[0].shape, input, settings_.interpolation)});
      return;
    }
    Shape shape = input;
    shape[1] = fit->shape[1];
    Value value = fit->value;
    if (value != graph::no_value)
      value = graph::resize(graph_, value, {shape.begin() + 2, shape.end()}, resizing(settings_.interpolation));
    all_.nodes.push_back({part, shape, value});
  }

  void append_input_map(Method method, const InputMap& map) {
    const auto rule = std::find(rules_.begin(), rules_.end(), rule_for(map.relus, settings_));
    const auto& gradients = sources_.input_gradients.at(static_cast<std::size_t>(rule - rules_.begin()));
    for (std::size_t i = 0; i < sources_.inputs.size(); ++i) {
      const Value input = sources_.inputs[i], gradient = gradients[i];
      all_.nodes.push_back({{method, false},
                            graph_.shape(input),
                            gradient == graph::no_value ? gradient : map.values(graph_, input, gradient)});
    }
  }

  void append_product(Method method, const Product& product) {
    const std::vector<PartNode> input_maps = at_inputs(product.input_map, 0);
    std::vector<std::size_t> layers(sources_.activations.size());
    std::iota(layers.begin(), layers.end(), std::size_t{0});
    if (settings_.merge != Merge::none && !layers.empty()) layers.push_back(merged_layer);
    for (const std::size_t layer : layers) {
      const std::vector<PartNode> heat_maps = at_inputs(settings_.cam, layer);
      for (std::size_t i = 0; i < heat_maps.size(); ++i) {
        const Value one = input_maps[i].value;
        Value other = heat_maps[i].value;
        const bool zeros = one == graph::no_value || other == graph::no_value;
        if (!zeros) other = graph::from_channels_first(graph_, other, sources_.layouts.inputs[i]);
        all_.nodes.push_back({{method, false, layer},
                              heat_maps[i].shape == Shape{0} ? Shape{0} : input_maps[i].shape,
                              zeros ? graph::no_value : graph_.binary(graph::Operator::multiply, one, other)});
      }
    }
  }

  std::vector<PartNode> at_inputs(Method method, std::size_t layer) const {
    std::vector<PartNode> found;
    for (const PartNode& one : all_.nodes)
      if (one.part.method == method && one.part.layer == layer && !one.part.at_layer) found.push_back(one);
    return found;
  }

  Graph& graph_;
  const Settings& settings_;
  Sources sources_;
  std::vector<core::ReluRule> rules_;
  Parts all_;
};

}  // namespace

Settings settings_of(const Options& options) {
  Settings settings;
  if (!is_heat_map(options.cam))
    throw InputError(std::string(title(options.cam)) +
                     " is no heat map that guided backpropagation can be multiplied with");
  settings.methods = options.methods;
  settings.cam = options.cam;
  settings.interpolation = options.interpolation;
  settings.guided_rule = options.guided_rule;
  settings.deconvolution_rule = options.deconvolution_rule;
  settings.clipped_relus = options.guide_clipped_relus;
  settings.merge = options.merge;
  settings.precision = options.precision;
  settings.layer_values = options.layer_values;
  settings.layer_layout = options.layout;
  settings.input_layout = options.input_layout;
  return settings;
}

Settings settings_of(const Options& options, const std::vector<std::string>& layers) {
  Settings settings = settings_of(options);
  if (!settings.need_layers()) return settings;
  if (layers.empty()) throw LayerError("heat maps are computed at a layer, and none is named");
  settings.layer_names = layers;
  return settings;
}

bool Settings::need_layers() const { return std::any_of(methods.begin(), methods.end(), needs_layer); }

std::vector<core::ReluRule> Settings::rules() const {
  std::vector<core::ReluRule> rules;
  for (const Method method : with_factors(methods, cam)) {
    const auto* map = std::get_if<InputMap>(&definition(method).kind);
    if (!map) continue;
    const core::ReluRule rule = rule_for(map->relus, *this);
    if (std::find(rules.begin(), rules.end(), rule) == rules.end()) rules.push_back(rule);
  }
  return rules;
}

bool Settings::guide() const {
  const std::vector<core::ReluRule> all = rules();
  return std::any_of(all.begin(), all.end(),
                     [](const core::ReluRule& rule) { return rule.gradient != ReluGradient::plain; });
}

Parts append_methods(Graph& graph, const Settings& settings, const Sources& sources) {
  return Appender(graph, settings, sources).append();
}

}  // namespace whycam::methods
