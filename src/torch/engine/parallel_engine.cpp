#include "torch/engine/parallel_engine.h"

#include <ATen/Parallel.h>
#include <ATen/ops/cat.h>

#include <future>
#include <mutex>
#include <set>

#include "torch/model/collected_warnings.h"
#include "torch/model/inputs.h"
#include "torch/model/network.h"
#include "whycam/errors.h"

namespace whycam::engine {
namespace {

/// Runs `work(i)` for each i at once and gives the results in order; the first exception is thrown when all have ended.
template <class Work>
auto at_once(std::size_t count, const Work& work) {
  using Result = decltype(work(std::size_t{0}));
  std::vector<std::future<Result>> running;
  std::vector<std::vector<std::string>> warnings(count);
  for (std::size_t i = 0; i < count; ++i)
    running.push_back(std::async(std::launch::async, [&work, &warnings, i] {
      at::init_num_threads();                     // a plan runs with as many threads as the one that made it had
      const network::CollectedWarnings libtorch;  // kept a thread; the caller's are handed on below
      auto result = work(i);
      warnings[i] = libtorch.messages();
      return result;
    }));
  for (auto& task : running) task.wait();
  std::set<std::string> said;
  for (const auto& of_task : warnings)
    for (const std::string& message : of_task)
      if (said.insert(message).second) TORCH_WARN(message);
  std::vector<Result> results;
  for (auto& task : running) results.push_back(task.get());
  return results;
}

/// Joins the parts of a tensor along the batch.
torch::Tensor join(std::vector<torch::Tensor> parts, torch::Device device) {
  if (parts.size() == 1) return parts[0].to(device);
  const std::string shape = c10::str(parts[0].sizes());
  for (torch::Tensor& part : parts) {
    if (part.dim() == 0 || part.dim() != parts[0].dim() || part.sizes().slice(1) != parts[0].sizes().slice(1))
      throw ModelError(
          "what the replicas of the network give cannot be joined along the batch: one gives a tensor of shape " +
          shape + ", another " + c10::str(part.sizes()) + "; explain the network without device_ids");
    part = part.to(device);
  }
  return at::cat(parts, 0);
}

/// Joins what the replicas found.
Explained join(std::vector<Explained> replicas, torch::Device device) {
  Explained joined{{}, std::move(replicas[0].warnings)};
  for (const Explained& one : replicas)
    if (one.parts.size() != replicas[0].parts.size())
      throw ModelError("the replicas of the network give different numbers of tensors; explain it without device_ids");
  for (std::size_t i = 0; i < replicas[0].parts.size(); ++i) {
    std::vector<torch::Tensor> pieces;
    for (const Explained& one : replicas) pieces.push_back(one.parts[i].tensor);
    joined.parts.push_back({replicas[0].parts[i].part, join(std::move(pieces), device)});
  }
  return joined;
}

class ParallelPass : public Pass {
 public:
  ParallelPass(std::vector<std::unique_ptr<Pass>> passes, torch::Device device)
      : passes_(std::move(passes)), device_(device) {
    std::vector<torch::Tensor> outputs;
    for (const auto& pass : passes_) {
      outputs.push_back(pass->output());
      rows_.push_back(pass->output().dim() == 0 ? 1 : pass->output().size(0));
    }
    output_ = join(std::move(outputs), device_);
    set_why_not_compiled(passes_[0]->why_not_compiled());
  }

  const char* engine() const override { return passes_[0]->engine(); }
  const torch::Tensor& output() const override { return output_; }
  ActivationReport activations() const override { return passes_[0]->activations(); }
  std::optional<std::size_t> class_axis() const override { return passes_[0]->class_axis(); }

  Explained explain(const torch::Tensor& output_gradient, bool last) override {
    const auto seeds = split(output_gradient);
    return join(at_once(passes_.size(), [&](std::size_t i) { return passes_[i]->explain(seeds[i], last); }), device_);
  }

 private:
  std::vector<torch::Tensor> split(const torch::Tensor& output_gradient) const {
    if (passes_.size() == 1) return {output_gradient.to(passes_[0]->output().device())};
    std::vector<torch::Tensor> parts = output_gradient.split_with_sizes(rows_, 0);
    for (std::size_t i = 0; i < parts.size(); ++i) parts[i] = parts[i].to(passes_[i]->output().device());
    return parts;
  }

  std::vector<std::unique_ptr<Pass>> passes_;
  torch::Device device_;
  std::vector<std::int64_t> rows_;
  torch::Tensor output_;
};

class ParallelEngine : public Engine {
 public:
  ParallelEngine(const Model& model, const std::vector<torch::Device>& devices)
      : network_(model.network()), devices_(devices) {
    current_engines();
  }

  std::unique_ptr<Pass> forward(const Request& request) const override {
    for (const Layer& layer : request.layers)  // a layer that is not there is said before anything is copied
      network_->can_observe(layer, request.layer_inputs ? network::LayerSide::input : network::LayerSide::output);
    const std::vector<Request> requests = scatter(request);
    const auto engines = current_engines();
    return std::make_unique<ParallelPass>(
        at_once(requests.size(), [&](std::size_t i) { return (*engines)[i]->forward(requests[i]); }),
        request.inputs[0].device());
  }

 private:
  using Engines = std::vector<std::shared_ptr<const Engine>>;

  /// The replicas' engines; replicas are made anew when the network's weights have changed since.
  std::shared_ptr<const Engines> current_engines() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    const std::uint64_t version = network_->weights_version();
    if (!engines_ || version != version_) {
      auto engines = std::make_shared<Engines>();
      for (const torch::Device& device : devices_) engines->push_back(engine_for(network_->replica(device)));
      engines_ = engines;
      version_ = version;
    }
    return engines_;
  }

  std::vector<Request> scatter(const Request& request) const {
    const std::int64_t examples = request.inputs[0].size(0);
    const auto parts_of = [&](const torch::Tensor& tensor) {
      return tensor.chunk(static_cast<std::int64_t>(devices_.size()), 0);
    };
    const std::size_t parts = parts_of(request.inputs[0]).size();  // fewer than devices for a small batch
    std::vector<Request> requests(parts, request);
    for (std::size_t part = 0; part < parts; ++part) {
      Request& own = requests[part];
      for (torch::Tensor& input : own.inputs) input = parts_of(input)[part].to(devices_[part]);
      for (c10::IValue& argument : own.additional_forward_args)
        argument = network::map_tensors(argument, [&](const torch::Tensor& tensor) {
          const bool cut = tensor.dim() > 0 && tensor.size(0) == examples;
          return (cut ? parts_of(tensor)[part] : tensor).to(devices_[part]);
        });
      // A replica has modules of its own: what was given by reference is found there by its path.
      for (Layer& layer : own.layers)
        if (layer.module()) {
          Layer named =
              layer.index() ? Layer(network_->name_of(layer), *layer.index()) : Layer(network_->name_of(layer));
          if (layer.tensor()) named = named.at_tensor(*layer.tensor());
          layer = layer.call() ? named.at_call(*layer.call()) : named;
        }
    }
    return requests;
  }

  std::shared_ptr<const network::Network> network_;
  std::vector<torch::Device> devices_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const Engines> engines_;
  mutable std::uint64_t version_ = 0;
};

}  // namespace

std::shared_ptr<const Engine> parallel_engine(const Model& model, const std::vector<torch::Device>& devices) {
  return std::make_shared<ParallelEngine>(model, devices);
}

}  // namespace whycam::engine
