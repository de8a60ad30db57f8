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
};

/// What methods found for one target.
template <class Tensor, class Layer>
struct TargetAttributions {
  std::vector<Layer> layers;                            ///< one per layer, in the order in which they were asked for
  std::map<Method, std::vector<Tensor>> input_methods;  ///< what needs no layer, one per input, of its shape

  /// A method's attributions, one per input. Throws InputError where the method was not asked for.
  const std::vector<Tensor>& attributions(Method method, std::size_t layer = 0) const {
    const auto& all = needs_layer(method) ? layers.at(layer).at_inputs : input_methods;
    const auto found = all.find(method);
    if (found == all.end())
      throw InputError(std::string("the explanation has no ") + title(method) + "; name it among the methods");
    return found->second;
  }
};

}  // namespace whycam
