#include "checks/randomisation.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/erfinv.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randperm.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "torch/model/collected_warnings.h"
#include "torch/model/inputs.h"
#include "torch/model/network.h"
#include "whycam/errors.h"
#include "whycam/options.h"

namespace whycam::checks {
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

/// A weight is told from others by its memory and shape: the copies of a network share the one, but not the tensor
/// object.
using Identity = std::pair<const void*, std::vector<std::int64_t>>;
Identity identity_of(const torch::Tensor& parameter) { return {parameter.data_ptr(), parameter.sizes().vec()}; }

constexpr const char* only_torchscript = "only the weights of TorchScript networks can be replaced";

const network::RunnableNetwork& network_of(const Model& model) {
  const auto* network = dynamic_cast<const network::RunnableNetwork*>(model.network().get());
  if (!network) throw ModelError(only_torchscript);
  return *network;
}

}  // namespace

WeightedModules modules_with_weights(const Model& model, const torch::Tensor& input, const AttributeOptions& options) {
  const c10::InferenceMode not_inference(false);
  std::vector<std::string> paths;
  const auto note = [&](const std::string& module, const torch::Tensor& parameter) {
    if (parameter.is_floating_point() && (paths.empty() || paths.back() != module)) paths.push_back(module);
    return torch::Tensor();
  };
  const network::RunnableNetwork& network = network_of(model);
  if (!network.with_parameters(note)) throw ModelError(only_torchscript);
  if (paths.empty())
    throw ModelError(
        "the network has no weights that are parameters: torch.jit.freeze makes them constants; save the network "
        "before that");
  std::vector<Layer> layers;
  for (const std::string& path : paths)
    if (!path.empty()) layers.emplace_back(path);
  network::Recorder recorder(layers.size(), network::Recorder::Detail::shapes_only);
  const torch::AutoGradMode with_gradients(true);
  const network::CollectedWarnings libtorch;
  network.run(network::OwnInputs({input}).given, network::own_arguments(options.additional_forward_args()), layers,
              network::LayerSide::output, recorder);
  WeightedModules modules;
  std::vector<std::pair<std::int64_t, std::string>> ran;
  for (std::size_t i = 0; i < layers.size(); ++i)
    if (recorder.ran(i))
      ran.emplace_back(recorder.order(i), layers[i].path());
    else
      modules.not_called.push_back(layers[i].path());
  if (layers.size() < paths.size()) modules.not_called.emplace_back();
  std::sort(ran.begin(), ran.end());
  for (auto& [order, path] : ran) modules.called.push_back(std::move(path));
  if (modules.called.empty())
    throw ModelError("none of the modules that hold its weights is called, so that they have no order");
  return modules;
}

Model randomised(const Model& model, const std::vector<std::string>& modules, std::uint64_t seed) {
  const c10::InferenceMode not_inference(false);
  const torch::NoGradGuard without_gradients;
  std::map<Identity, std::uint64_t> seeds;  // by the first module that holds the weight
  std::set<Identity> chosen;
  std::map<std::string, std::uint64_t> count;
  const auto choose = [&](const std::string& module, const torch::Tensor& parameter) {
    seeds.emplace(identity_of(parameter), seed ^ hash_of(module + "#" + std::to_string(count[module]++)));
    if (parameter.is_floating_point() && std::find(modules.begin(), modules.end(), module) != modules.end())
      chosen.insert(identity_of(parameter));
    return torch::Tensor();
  };
  network_of(model).with_parameters(choose);
  const auto change = [&](const std::string&, const torch::Tensor& parameter) {
    const Identity identity = identity_of(parameter);
    return chosen.count(identity) > 0 ? replaced(parameter, seeds.at(identity)) : torch::Tensor();
  };
  auto network = network_of(model).with_parameters(change);
  if (!network) throw ModelError(only_torchscript);
  return Model(std::move(network));
}

}  // namespace whycam::checks
