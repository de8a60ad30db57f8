#include <algorithm>

#include "core/layer_name.h"
#include "torch/engine/engine.h"
#include "torch/model/network.h"

namespace whycam::engine {
namespace {

/// A name such as "body@0:1" as the layer, the call and the tensor that it means. A layer of exactly that name comes
/// first. Files have names of their own; what names nothing stays, and whoever runs the network says what there is.
Layer resolved(const network::Network& network, const Layer& layer) {
  if (layer.module() || !dynamic_cast<const network::RunnableNetwork*>(&network)) return layer;
  const std::vector<network::LayerName> names = network.layer_names();
  const auto has = [&](const std::string& path) {
    return std::any_of(names.begin(), names.end(), [&](const network::LayerName& name) { return name.path == path; });
  };
  if (has(layer.path())) return layer;
  const core::LayerName parsed = core::parse_layer_name(layer.path());
  if (!has(parsed.path)) return layer;
  const auto index = parsed.tensor ? parsed.tensor_index() : layer.index();
  Layer found = index ? Layer(parsed.path, *index) : Layer(parsed.path);
  if (parsed.tensor && !index) found = found.at_tensor(*parsed.tensor);
  return parsed.call ? found.at_call(*parsed.call) : layer.call() ? found.at_call(*layer.call()) : found;
}

}  // namespace

Request request_of(const network::Network& network, std::vector<torch::Tensor> inputs, std::vector<Layer> layers,
                   const AttributeOptions& options) {
  for (Layer& layer : layers) layer = resolved(network, layer);
  return {std::move(inputs),        options.additional_forward_args(),
          std::move(layers),        options.attribute_to_layer_input(),
          options.output_element(), methods::settings_of(options.options()),
          options.engine()};
}

}  // namespace whycam::engine
