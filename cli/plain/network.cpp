// ONNX networks, without libtorch.
#include "network.h"

#include <omp.h>

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "exit_code.h"
#include "whycam/errors.h"
#include "whycam/network.h"

namespace whycam::cli {
namespace {

Tensor from_network(const whycam::Tensor& tensor) { return {tensor.shape, tensor.values}; }

whycam::Tensor to_network(const Tensor& tensor) {
  const auto* floats = std::get_if<std::vector<float>>(&tensor.values);
  if (!floats)
    throw ModelError("the ONNX network cannot be explained: inputs of the type Double; plans compute in float32");
  return {tensor.shape, *floats};
}

whycam::Options to_options(const AttributionSettings& settings) {
  whycam::Options options;
  options.interpolation = settings.interpolation;
  options.attribute_to_layer_input = settings.layer_input;
  options.guided_rule = settings.guided_rule;
  options.guide_clipped_relus = settings.guide_clipped_relus;
  options.output_element = settings.output_element;
  options.methods = settings.methods;
  return options;
}

AnsweredTarget answered(const whycam::Network::TargetExplanation& from, const std::vector<Method>& methods) {
  AnsweredTarget result{from.target, {from.scores.begin(), from.scores.end()}, {}};
  for (const Method method : methods) result.attributions[method] = from_network(from.attributions(method)[0]);
  return result;
}

class NetworkOfFile : public Network {
 public:
  explicit NetworkOfFile(whycam::Network network) : network_(std::move(network)) {}

  std::vector<LayerInfo> layers(const Tensor& input) override { return network_.layers({input.shape}); }
  std::string default_layer(const Tensor& input) override { return network_.default_layer({input.shape}); }

  Answer explain(const Tensor& input, const std::string& layer, const ChooseTargets& choose_targets,
                 const AttributionSettings& settings) override {
    const auto choose = [&](const whycam::Tensor& output) { return choose_targets({output.shape, output.values}); };
    const whycam::Network::Explanation explanation =
        network_.explain({to_network(input)}, layer, choose, to_options(settings));
    Answer answer{from_network(explanation.output), {}, explanation.activations, "compiled", "", explanation.warnings};
    for (const whycam::Network::TargetExplanation& target : explanation.targets)
      answer.targets.push_back(answered(target, settings.methods));
    return answer;
  }

  std::vector<GraphStage> graph_stages(const Tensor& input, const std::string& layer,
                                       const AttributionSettings& settings) override {
    return network_.graph_stages({input.shape}, layer, to_options(settings));
  }

 private:
  whycam::Network network_;
};

}  // namespace

std::unique_ptr<Network> load_network(const std::string& path) {
  try {
    return std::make_unique<NetworkOfFile>(whycam::Network::load(path));
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
