// ONNX networks, without libtorch.
#include "network.h"

#include <omp.h>

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "exit_code.h"
#include "whycam/errors.h"
#include "whycam/plain.h"

namespace whycam::cli {
namespace {

Tensor from_plain(plain::Tensor&& tensor) { return {std::move(tensor.shape), std::move(tensor.values)}; }

plain::Tensor to_plain(const Tensor& tensor) {
  const auto* floats = std::get_if<std::vector<float>>(&tensor.values);
  if (!floats)
    throw ModelError("the ONNX network cannot be explained: inputs of the type Double; plans compute in float32");
  return {tensor.shape, *floats};
}

plain::Options to_options(const AttributionSettings& settings) {
  plain::Options options;
  options.interpolation = settings.interpolation;
  options.attribute_to_layer_input = settings.layer_input;
  options.guided_rule = settings.guided_rule;
  options.guide_clipped_relus = settings.guide_clipped_relus;
  options.output_element = settings.output_element;
  options.methods = settings.methods;
  return options;
}

AnsweredTarget answered(plain::TargetExplanation&& from, const std::vector<Method>& methods) {
  AnsweredTarget result{from.target, {from.scores.begin(), from.scores.end()}, {}};
  for (const Method method : methods) {
    plain::Tensor& attribution = method == Method::grad_cam          ? from.upsampled[0]
                                 : method == Method::guided_grad_cam ? from.guided_grad_cam[0]
                                 : method == Method::guided_backprop ? from.guided_backprop[0]
                                                                     : from.deconvolution[0];
    result.attributions[method] = from_plain(std::move(attribution));
  }
  return result;
}

class PlainNetwork : public Network {
 public:
  explicit PlainNetwork(plain::Network network) : network_(std::move(network)) {}

  std::vector<LayerInfo> layers(const Tensor& input) override { return network_.layers({input.shape}); }
  std::string default_layer(const Tensor& input) override { return network_.default_layer({input.shape}); }

  Answer explain(const Tensor& input, const std::string& layer, const ChooseTargets& choose_targets,
                 const AttributionSettings& settings) override {
    const auto choose = [&](const plain::Tensor& output) { return choose_targets({output.shape, output.values}); };
    plain::Explanation explanation = network_.explain({to_plain(input)}, layer, choose, to_options(settings));
    Answer answer{
        from_plain(std::move(explanation.output)), {}, explanation.activations, "compiled", "", explanation.warnings};
    for (plain::TargetExplanation& target : explanation.targets)
      answer.targets.push_back(answered(std::move(target), settings.methods));
    return answer;
  }

  std::vector<GraphStage> graph_stages(const Tensor& input, const std::string& layer,
                                       const AttributionSettings& settings) override {
    return network_.graph_stages({input.shape}, layer, to_options(settings));
  }

 private:
  plain::Network network_;
};

}  // namespace

std::unique_ptr<Network> load_network(const std::string& path) {
  try {
    return std::make_unique<PlainNetwork>(plain::Network::load(path));
  } catch (const ModelError& error) {
    throw Failure(ExitCode::model, error.what());
  }
}

void use_threads(int threads) {
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  omp_set_num_threads(threads > 0 ? threads : std::max(1, cores));
}

void require_engine(Engine engine) {
  if (engine == Engine::autograd)
    throw Failure(ExitCode::usage,
                  "this whycam was built without libtorch and has no autograd engine; take --engine compiled, which "
                  "explains ONNX networks");
}

}  // namespace whycam::cli
