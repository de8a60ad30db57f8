// The attributions of an explanation, by method; on whatever holds tensors.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "whycam/errors.h"
#include "whycam/method.h"

namespace whycam {

/// What methods found at one layer.
template <class Tensor>
struct LayerAttributions {
  /// Heat maps before they are resized, negative values set to 0: N x 1 x (the layer's spatial extent), one per tensor
  /// of the layer.
  std::map<Method, std::vector<Tensor>> heat_maps;
  /// Heat maps resized to each input, N x 1 x (its spatial extent), and products, of the input's shape; one per input.
  /// Of shape {0} where a heat map cannot be resized to the input.
  std::map<Method, std::vector<Tensor>> at_inputs;

  /// With Options::layer_values, else empty. What the layer gave and the gradient of the score there, in the network's
  /// own order of axes, and heat maps with their sign, before negative values are set to 0; one per tensor of the
  /// layer.
  std::vector<Tensor> activations = {}, gradients = {};
  std::map<Method, std::vector<Tensor>> signed_heat_maps = {};
};

/// What methods found for one target.
template <class Tensor, class Layer>
struct TargetAttributions {
  std::vector<Layer> layers;                            ///< one per layer, in the order in which they were asked for
  std::map<Method, std::vector<Tensor>> input_methods;  ///< what needs no layer, one per input, of its shape
  /// With Options::merge: heat maps of all layers as one, and products with it, both at_inputs; else empty.
  Layer merged = {};

  /// A method's attributions, one per input, at a layer by its number or all of them merged. Throws InputError where
  /// the method was not asked for, or there is no such layer.
  const std::vector<Tensor>& attributions(Method method, std::size_t layer = 0) const {
    if (!needs_layer(method)) return found_in(input_methods, method);
    if (layer >= layers.size())
      throw InputError("the explanation has no layer " + std::to_string(layer) + "; it has " +
                       std::to_string(layers.size()));
    return found_in(layers[layer].at_inputs, method);
  }
  const std::vector<Tensor>& merged_attributions(Method method) const {
    return found_in(needs_layer(method) ? merged.at_inputs : input_methods, method);
  }

 private:
  static const std::vector<Tensor>& found_in(const std::map<Method, std::vector<Tensor>>& all, Method method) {
    const auto found = all.find(method);
    if (found == all.end())
      throw InputError(std::string("the explanation has no ") + title(method) + "; name it among the methods");
    return found->second;
  }
};

}  // namespace whycam
