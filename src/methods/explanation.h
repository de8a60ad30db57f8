// All that an explanation holds, appended to a graph that has a network's activations and gradients.
#pragma once

#include <limits>
#include <string>
#include <tuple>
#include <vector>

#include "methods/layouts.h"
#include "methods/method.h"
#include "whycam/guided_rule.h"
#include "whycam/interpolation_mode.h"
#include "whycam/network.h"

namespace whycam::methods {

/// What an explanation holds, and how it is computed.
struct Settings {
  std::vector<Method> methods;
  Method cam = Method::grad_cam;  ///< what products multiply with
  Interpolation interpolation = Interpolation::nearest;
  GuidedRule guided_rule = GuidedRule::captum, deconvolution_rule = GuidedRule::captum;
  bool clipped_relus = false;
  bool sum_channels = true;  ///< of heat maps
  bool keep_sign = false;    ///< heat maps keep negative values, and are not resized
  Merge merge = Merge::none;
  bool layer_values = false;
  Precision precision = Precision::exact;
  Layout layer_layout, input_layout;
  /// The layers' names where named_tensor() of each is explained; empty where all of their tensors are.
  std::vector<std::string> layer_names;

  auto key() const {
    return std::tie(methods, cam, interpolation, guided_rule, deconvolution_rule, clipped_relus, sum_channels,
                    keep_sign, merge, layer_values, precision, layer_layout, input_layout, layer_names);
  }
  bool operator==(const Settings& other) const { return key() == other.key(); }

  bool need_layers() const;
  /// The rules of the gradients with respect to the inputs that the methods read, each once.
  std::vector<core::ReluRule> rules() const;
  /// Whether one of these changes a gradient at ReLUs.
  bool guide() const;
};

/// What the options ask for, with all tensors of each layer.
Settings settings_of(const Options& options);
/// At some layers, with the tensor that the name of each stands for.
Settings settings_of(const Options& options, const std::vector<std::string>& layers);

/// What methods read, as nodes of one graph: no_value where the explained output does not depend on a tensor.
struct Sources {
  std::vector<Value> inputs;
  std::vector<std::vector<Value>> activations, layer_gradients;  ///< [layer][tensor]
  std::vector<std::vector<Value>> input_gradients;               ///< [rule of Settings::rules()][input]
  Layouts layouts;
};

/// The layer of what all layers are merged to.
constexpr std::size_t merged_layer = std::numeric_limits<std::size_t>::max();

/// What a tensor of an explanation is.
struct Part {
  enum class Kind { map, signed_heat_map, activation, gradient };

  Method method;
  bool at_layer;          ///< of the layer's extent, as a heat map before it is resized; all else has an input's
  std::size_t layer = 0;  ///< of heat maps and products
  Kind kind = Kind::map;  ///< activations and gradients are of no method
};

/// A part as a node. Heat maps are N x 1 x space, whatever their layer's layout; what is made from an input has its.
/// Parts of one method and layer come in the order of the layer's tensors, or of the inputs.
struct PartNode {
  Part part;
  graph::Shape shape;  ///< {0} where a heat map cannot be resized to an input
  Value value;         ///< no_value: the output does not depend on what it is made from; zeros
};

/// What append_methods gives.
struct Parts {
  std::vector<PartNode> nodes;
  /// On layouts, on layers of several tensors, and then for each heat map that cannot be resized to an input.
  std::vector<core::Warning> warnings;
  std::optional<std::size_t> class_axis;  ///< Layouts::class_axis
};

/// Appends the methods' nodes. A product brings the two maps that it multiplies, whether they were asked for or not.
/// Where a layer gives several tensors, each input takes the first whose heat map can be resized to it. Throws
/// LayerError for a layer without channels.
Parts append_methods(Graph& graph, const Settings& settings, const Sources& sources);

/// Puts a part into a TargetAttributions, which has its layers.
template <class Explanation, class Tensor>
void add_part(Explanation& explanation, const Part& part, Tensor tensor) {
  if (part.kind == Part::Kind::map && !needs_layer(part.method)) {
    explanation.input_methods[part.method].push_back(std::move(tensor));
    return;
  }
  auto& layer = part.layer == merged_layer ? explanation.merged : explanation.layers.at(part.layer);
  if (part.kind == Part::Kind::activation || part.kind == Part::Kind::gradient) {
    (part.kind == Part::Kind::gradient ? layer.gradients : layer.activations).push_back(std::move(tensor));
    return;
  }
  if (part.kind == Part::Kind::signed_heat_map) {
    layer.signed_heat_maps[part.method].push_back(std::move(tensor));
    return;
  }
  (part.at_layer ? layer.heat_maps : layer.at_inputs)[part.method].push_back(std::move(tensor));
}

/// Calls `visit` with the tensors of each method, as methods compute them: before heat maps are resized.
template <class Explanation, class Visit>
void for_each_map(const Explanation& explanation, const Visit& visit) {
  for (const auto& [method, tensors] : explanation.input_methods) visit(tensors);
  for (const auto& layer : explanation.layers)
    for (const auto& [method, tensors] : layer.heat_maps) visit(tensors);
}

}  // namespace whycam::methods
