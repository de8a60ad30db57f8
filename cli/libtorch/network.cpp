// Networks of any kind, over all of whycam.
#include "network.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <optional>
#include <thread>

#include "libtorch/conversions.h"
#include "whycam/graph.h"
#include "whycam/guided_grad_cam.h"

namespace whycam::cli {
namespace {

AnsweredTarget answered(const TargetExplanation& from, const std::vector<Method>& methods) {
  AnsweredTarget result{from.target, {}, {}};
  const Tensor scores = from_torch(from.scores);
  for (std::size_t i = 0; i < count(scores); ++i) result.scores.push_back(number(scores, i));
  for (const Method method : methods) result.attributions[method] = from_torch(from.attributions(method)[0]);
  return result;
}

class LibtorchNetwork : public Network {
 public:
  explicit LibtorchNetwork(Model model) : model_(std::move(model)) {}

  std::vector<LayerInfo> layers(const Tensor& input) override { return model_.layers({to_torch(input, model_)}); }
  std::string default_layer(const Tensor& input) override { return model_.default_layer({to_torch(input, model_)}); }

  Answer explain(const Tensor& input, const std::string& layer, const ChooseTargets& choose_targets,
                 const AttributionSettings& settings) override {
    if (!explainer_ || layer != layer_) explainer_.emplace(model_, layer_ = layer);
    const auto choose = [&](const torch::Tensor& output) { return choose_targets(from_torch(output)); };
    const Explanation explanation = explainer_->explain({to_torch(input, model_)}, choose, to_options(settings));
    Answer answer{from_torch(explanation.output), {},
                  explanation.activations,        explanation.engine,
                  explanation.why_not_compiled,   explanation.warnings};
    for (const TargetExplanation& target : explanation.targets)
      answer.targets.push_back(answered(target, settings.methods));
    return answer;
  }

  std::vector<GraphStage> graph_stages(const Tensor& input, const std::string& layer,
                                       const AttributionSettings& settings) override {
    return whycam::graph_stages(model_, {to_torch(input, model_)}, layer, to_options(settings));
  }

 private:
  Model model_;
  std::string layer_;
  std::optional<GuidedGradCam> explainer_;  ///< which keeps what it compiled
};

}  // namespace

std::unique_ptr<Network> load_network(const std::string& path) {
  return std::make_unique<LibtorchNetwork>(load_model(path));
}

void use_threads(int threads) {  // some builds of libtorch start with one
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  at::set_num_threads(threads > 0 ? threads : std::max(1, cores));
}

void require_engine(Engine) {}

}  // namespace whycam::cli
