#include "trust/randomisation.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "model/inputs.h"
#include "model/network.h"
#include "model/quiet.h"
#include "whycam/errors.h"
#include "whycam/options.h"

namespace whycam::trust {
namespace {

/// FNV-1a: the same number for a name on every machine.
std::uint64_t hash_of(const std::string& text) {
  std::uint64_t hash = 1469598103934665603U;
  for (const char letter : text) hash = (hash ^ static_cast<unsigned char>(letter)) * 1099511628211U;
  return hash;
}

/// From a normal distribution, cut off at twice its deviation: by the inverse of the cumulative function.
torch::Tensor cut_off_normal(at::IntArrayRef shape, const at::Generator& generator) {
  constexpr double within = 0.95449973610364158;  // how much of a normal distribution lies within twice its deviation
  const torch::Tensor even = at::rand(shape, generator, at::TensorOptions(at::kDouble)) * (2 * within) - within;
  return at::erfinv(even) * std::sqrt(2.0);
}

torch::Tensor replaced(const torch::Tensor& trained, std::uint64_t seed) {
  const at::Generator generator = at::detail::createCPUGenerator(seed);
  const torch::Tensor from = trained.detach().to(at::kCPU);
  torch::Tensor result;
  if (from.dim() < 2) {
    const torch::Tensor order = at::randperm(from.numel(), generator, at::TensorOptions(at::kLong));
    result = from.flatten().index_select(0, order).reshape(from.sizes());
  } else {
    const double deviation = from.numel() > 1 ? from.to(at::kDouble).std().item<double>() : 1;
    result = cut_off_normal(from.sizes(), generator) * deviation;
  }
  return result.to(trained.options()).contiguous();
}

const network::Network& network_of(const Model& model) { return *model.network(); }

}  // namespace

std::vector<std::string> modules_with_weights(const Model& model, const torch::Tensor& input, const AttributeOptions& options) {
  const c10::InferenceMode not_inference(false);
  std::vector<std::string> paths;
  const auto note = [&](const std::string& module, const torch::Tensor& parameter) {
    if (parameter.is_floating_point() && (paths.empty() || paths.back() != module)) paths.push_back(module);
    return torch::Tensor();
  };
  if (!network_of(model).with_parameters(note)) throw ModelError("only the weights of TorchScript networks can be replaced");
  std::vector<Layer> layers;
  for (const std::string& path : paths)
    if (!path.empty()) layers.emplace_back(path);
  network::Recorder recorder(layers.size(), network::Recorder::Detail::shapes_only);
  const torch::AutoGradMode with_gradients(true);
  const network::CollectedWarnings libtorch;
  network_of(model).run(network::OwnInputs({input}).given, network::own_arguments(options.additional_forward_args()), layers,
                        network::LayerSide::output, recorder);
  std::vector<std::pair<std::int64_t, std::string>> ran;
  for (std::size_t i = 0; i < layers.size(); ++i)
    if (recorder.ran(i)) ran.emplace_back(recorder.order(i), layers[i].path());
  std::sort(ran.begin(), ran.end());
  std::vector<std::string> modules;
  for (auto& [order, path] : ran) modules.push_back(std::move(path));
  if (modules.empty())
    throw ModelError("the network has no module with weights of its own: torch.jit.freeze makes them constants; save the network before that");
  return modules;
}

Model randomised(const Model& model, const std::vector<std::string>& modules, std::uint64_t seed) {
  const c10::InferenceMode not_inference(false);
  const torch::NoGradGuard without_gradients;
  std::map<const c10::TensorImpl*, torch::Tensor> known;  // one weight of several modules stays one
  std::map<std::string, std::uint64_t> count;
  const auto change = [&](const std::string& module, const torch::Tensor& parameter) {
    const std::uint64_t number = count[module]++;
    if (!parameter.is_floating_point() || std::find(modules.begin(), modules.end(), module) == modules.end()) return torch::Tensor();
    torch::Tensor& result = known[parameter.unsafeGetTensorImpl()];
    if (!result.defined()) result = replaced(parameter, seed ^ hash_of(module + "#" + std::to_string(number)));
    return result;
  };
  auto network = network_of(model).with_parameters(change);
  if (!network) throw ModelError("only the weights of TorchScript networks can be replaced");
  return Model(std::move(network));
}

}  // namespace whycam::trust
