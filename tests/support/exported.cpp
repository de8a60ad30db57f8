#include "support/exported.h"

#include <fstream>
#include <sstream>

#include "formats/onnx/network.h"
#include "methods/method.h"

namespace whycam::test {
namespace {

OnnxRuntime::Array array_of(const torch::Tensor& tensor) {
  const torch::Tensor numbers = tensor.to(torch::kFloat).contiguous();
  return {tensor.sizes().vec(), {numbers.data_ptr<float>(), numbers.data_ptr<float>() + numbers.numel()}};
}

/// An element of a row of the output, as a target's indices.
Target::Indices indices_of(std::int64_t element, torch::IntArrayRef row) {
  Target::Indices indices(row.size());
  for (std::size_t d = row.size(); d-- > 0;) {
    indices[d] = element % row[d];
    element /= row[d];
  }
  return indices;
}

}  // namespace

void add_exported(OnnxRuntime& runtime, const std::string& name, const Model& model,
                  const std::vector<torch::Tensor>& examples, const Layer& layer, const AttributeOptions& options,
                  double tolerance, const std::vector<std::int64_t>& batches) {
  const TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "explained.onnx";
  export_explanation(model, examples, layer, file, options);
  std::ostringstream bytes;
  bytes << std::ifstream(file, std::ios::binary).rdbuf();
  runtime.add_network(name, bytes.str());
  const auto network = onnx::Network::parse(bytes.str(), name, {});
  std::vector<torch::Tensor> arguments;
  for (const c10::IValue& argument : options.additional_forward_args())
    if (argument.isTensor() && argument.toTensor().defined()) arguments.push_back(argument.toTensor());
  for (const std::int64_t batch : batches) {
    std::vector<torch::Tensor> inputs;
    for (const torch::Tensor& example : examples) {
      std::vector<std::int64_t> shape = example.sizes().vec();
      shape[0] = batch;
      inputs.push_back(torch::randn(shape));
    }
    AttributeOptions compiled = options;
    compiled.engine(Engine::compiled);
    std::vector<std::int64_t> elements;
    const Explanation explanation = GuidedGradCam(model, layer)
                                        .explain(
                                            inputs,
                                            [&](const torch::Tensor& output) {
                                              const std::int64_t row = output.numel() / batch;
                                              std::vector<Target::Indices> all;
                                              for (std::int64_t i = 0; i < batch; ++i) {
                                                elements.push_back((5 * i + row / 2 + batch) % row);
                                                all.push_back(indices_of(elements.back(), output.sizes().slice(1)));
                                              }
                                              return std::vector<Target>{Target::per_example_at(all)};
                                            },
                                            compiled);
    OnnxRuntime::Arrays given, expected;
    for (std::size_t i = 0; i < inputs.size(); ++i) given[network->inputs()[i].name] = array_of(inputs[i]);
    for (std::size_t i = 0; i < arguments.size(); ++i)
      given[network->inputs()[inputs.size() + i].name] = array_of(arguments[i]);
    given["target"] = {{batch}, {elements.begin(), elements.end()}, true};
    expected[network->outputs()[0].name] = array_of(explanation.output);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const std::string behind = inputs.size() == 1 ? "" : "_" + network->inputs()[i].name;
      for (const Method method : options.methods()) {
        const torch::Tensor& attribution = explanation.targets[0].attributions(method)[i];
        if (attribution.numel() == 0) continue;  // the layer cannot be resized to this input
        expected[methods::identifier(method) + behind] = array_of(attribution);
      }
    }
    runtime.expect(name + ", a batch of " + std::to_string(batch), name, given, expected, tolerance);
  }
}

}  // namespace whycam::test
