#include "libtorch/conversions.h"

#include <ATen/ops/empty.h>

#include <algorithm>

#include "exit_code.h"
#include "whycam/errors.h"

namespace whycam::cli {

torch::Tensor to_torch(const Tensor& tensor) {
  return std::visit(
      [&tensor](const auto& values) {
        using Value = typename std::decay_t<decltype(values)>::value_type;
        torch::Tensor result = at::empty(tensor.shape, c10::CppTypeToScalarType<Value>::value);
        std::copy(values.begin(), values.end(), result.template data_ptr<Value>());
        return result;
      },
      tensor.values);
}

torch::Tensor to_torch(const Tensor& tensor, const Model& network) {
  const torch::Tensor input = to_torch(tensor);
  return network.floating_type() == torch::kDouble ? input.to(torch::kDouble) : input;
}

Tensor from_torch(const torch::Tensor& tensor) {
  const torch::Tensor values = tensor.detach().to(torch::kCPU).contiguous();
  Tensor result{values.sizes().vec(), {}};
  if (values.scalar_type() == torch::kDouble) {
    result.values = std::vector<double>(values.data_ptr<double>(), values.data_ptr<double>() + values.numel());
  } else {
    const torch::Tensor floats = values.to(torch::kFloat);
    result.values = std::vector<float>(floats.data_ptr<float>(), floats.data_ptr<float>() + floats.numel());
  }
  return result;
}

AttributeOptions to_options(const AttributionSettings& settings) {
  return AttributeOptions()
      .interpolate_mode(settings.interpolation)
      .engine(settings.engine)
      .guided_rule(settings.guided_rule)
      .guide_clipped_relus(settings.guide_clipped_relus)
      .attribute_to_layer_input(settings.layer_input)
      .output_element(settings.output_element)
      .methods(settings.methods);
}

Model load_model(const std::string& path) {
  try {
    return Model::load(path);
  } catch (const ModelError& error) {
    throw Failure(ExitCode::model, error.what());
  }
}

}  // namespace whycam::cli
