#include "torch/engine/engine.h"

whycam::engine::Request whycam::engine::request_of(std::vector<torch::Tensor> inputs, std::vector<Layer> layers,
                                                   const AttributeOptions& options) {
  return {std::move(inputs),        options.additional_forward_args(),
          std::move(layers),        options.attribute_to_layer_input(),
          options.output_element(), methods::settings_of(options.options()),
          options.engine()};
}
