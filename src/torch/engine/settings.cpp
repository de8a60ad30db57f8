#include "torch/engine/engine.h"

whycam::methods::Settings whycam::engine::settings_of(const AttributeOptions& options) {
  methods::Settings settings;
  settings.methods = options.methods();
  settings.interpolation = options.interpolate_mode();
  settings.guided_rule = options.guided_rule();
  settings.deconvolution_rule = options.deconvolution_rule();
  settings.clipped_relus = options.guide_clipped_relus();
  settings.layer_layout = options.layout();
  settings.input_layout = options.input_layout();
  return settings;
}

whycam::engine::Request whycam::engine::request_of(std::vector<torch::Tensor> inputs, std::vector<Layer> layers,
                                                   const AttributeOptions& options) {
  return {std::move(inputs),        options.additional_forward_args(),
          std::move(layers),        options.attribute_to_layer_input(),
          options.output_element(), settings_of(options),
          options.engine()};
}
