#include "torch/model/exported_program.h"

#include <ATen/ops/from_blob.h>
#include <ATen/ops/tensor.h>

#include <algorithm>

#include "explain/network_file.h"
#include "formats/pt2/contents.h"
#include "formats/pt2/network.h"
#include "formats/torchscript/messages.h"
#include "torch/model/failure.h"
#include "torch/model/operator_call.h"
#include "torch/model/program_run.h"
#include "whycam/errors.h"

namespace whycam::network {
namespace {

using Names = std::vector<std::string>;

torch::Tensor tensor_of(const pt2::Weight& weight) {
  if (const auto numbers = weight.floats.numbers())  // not written on
    return at::from_blob(const_cast<float*>(numbers.get()), weight.shape, [numbers](void*) {}, torch::kFloat);
  return at::tensor(weight.integers, torch::kDouble).reshape(weight.shape).to(scalar_type(weight.type));
}

/// The nodes that become their first argument where the output is wanted as it is before its softmax or sigmoid; none
/// where it comes from none.
std::unordered_set<std::string> softmax_of(const pt2::Contents& contents, std::string tensor) {
  static const std::unordered_set<std::string> softmax{"softmax", "_softmax", "log_softmax", "_log_softmax", "sigmoid"},
      moves{"view",      "reshape", "flatten", "unflatten", "permute", "transpose",    "squeeze",
            "unsqueeze", "clone",   "alias",   "detach",    "t",       "_unsafe_view", "contiguous"};
  for (;;) {
    const auto producer = contents.producers.find(tensor);
    if (producer == contents.producers.end()) return {};
    const pt2::Node& node = contents.program.nodes[producer->second];
    const Names read = node.inputs.empty() ? Names() : pt2::names_of({node.inputs[0].second});
    if (node.domain != "aten" || read.empty()) return {};
    if (softmax.count(node.op)) return {node.name};
    if (!moves.count(node.op)) return {};
    tensor = read[0];
  }
}

class ExportedProgram : public RunnableNetwork {
 public:
  ExportedProgram(std::shared_ptr<const pt2::Network> file, std::unordered_set<std::string> left_out)
      : file_(std::move(file)), contents_(file_->contents()), left_out_(std::move(left_out)) {
    for (const auto& [name, weight] : contents_.weights) weights_.emplace(name, tensor_of(weight));
  }

  c10::IValue run(const std::vector<torch::Tensor>& inputs, const std::vector<c10::IValue>& additional_forward_args,
                  const std::vector<Layer>& layers, LayerSide side, Recorder& recorder) const override {
    std::vector<Names> tensors;
    std::unordered_set<std::string> watched;
    for (const Layer& layer : layers) {
      tensors.push_back(tensors_of(layer, side));
      watched.insert(tensors.back().begin(), tensors.back().end());
    }
    try {
      ProgramRun run(recorder, watched, left_out_);
      begin(run, inputs, additional_forward_args);
      run.run(contents_.program.nodes);
      record(run, tensors, recorder);
      return outputs_of(run);
    } catch (const formats::Error& reason) {
      throw ModelError(std::string("the ") + file_->format() + " network cannot be explained: " + reason.what());
    } catch (const Error&) {
      throw;
    } catch (const std::exception& failure) {
      torchscript::throw_if_out_of_memory(failure);
      throw ModelError(failure_of_the_network(failure, inputs, torch::kFloat));
    }
  }

  std::shared_ptr<const torchscript::Script> script(const std::vector<Layer>&, LayerSide) const override {
    return nullptr;
  }
  const formats::NetworkFile* file() const override { return left_out_.empty() ? file_.get() : nullptr; }

  bool can_observe(const Layer& layer, LayerSide) const override {
    return !layer.module() && file_->has_layer(layer.path());
  }
  std::vector<LayerName> layer_names() const override {
    std::vector<LayerName> names;
    for (const formats::Layer& layer : file_->layers()) names.push_back({layer.name, layer.type});
    return names;
  }
  std::string name_of(const Layer& layer) const override { return layer.path(); }
  std::optional<torch::Device> device() const override { return torch::Device(torch::kCPU); }
  std::optional<torch::ScalarType> floating_type() const override { return torch::kFloat; }
  std::uint64_t weights_version() const override { return 0; }

  std::shared_ptr<const Network> before_softmax(const std::vector<OutputElement>& output_element) const override {
    const pt2::ProgramOutput& output = contents_.program.outputs.at(explain::chosen_output(*file_, output_element));
    auto left_out = softmax_of(contents_, pt2::names_of({output.argument}).at(0));
    if (left_out.empty())
      throw ModelError("the output \"" + output.path + "\" comes from no softmax or sigmoid; explain it as it is");
    return std::make_shared<ExportedProgram>(file_, std::move(left_out));
  }

  std::shared_ptr<const Network> replica(torch::Device device) const override {
    if (!device.is_cpu()) throw ModelError("a .pt2 network is explained on the CPU alone, not on " + device.str());
    return std::make_shared<ExportedProgram>(file_, left_out_);
  }

 private:
  Names tensors_of(const Layer& layer, LayerSide side) const {
    const std::string name = layer.path() + (layer.call() ? "@" + std::to_string(*layer.call()) : "");
    explain::require_layers(*file_, {name});
    return pt2::find_layer(contents_, name, side == LayerSide::input).tensors;
  }

  /// Weights and inputs. What the program may write on is a copy for this run.
  void begin(ProgramRun& run, const std::vector<torch::Tensor>& inputs,
             const std::vector<c10::IValue>& arguments) const {
    std::vector<torch::Tensor> given;
    for (const torch::Tensor& input : inputs) given.push_back(input.to(torch::kFloat));
    for (const c10::IValue& argument : arguments) {
      if (!argument.isTensor()) throw formats::Error("an additional argument that is no tensor");
      given.push_back(argument.toTensor());
    }
    std::vector<formats::Given> shapes;
    for (const torch::Tensor& tensor : given) shapes.push_back({"", tensor.sizes().vec(), !tensor.is_floating_point()});
    pt2::check_inputs(contents_, shapes);
    for (const pt2::Lifted& lifted : contents_.program.lifted) {
      const torch::Tensor& weight = weights_.at(lifted.argument);
      run.set(lifted.argument, lifted.is_parameter ? weight : weight.clone());
    }
    for (std::size_t i = 0; i < given.size(); ++i) run.set(contents_.inputs[i].name, given[i]);
  }

  /// In the order in which the layers ended; the outermost of those that ended together last.
  static void record(const ProgramRun& run, const std::vector<Names>& layers, Recorder& recorder) {
    std::vector<std::pair<std::size_t, std::size_t>> ends;  // when, and which slot
    std::vector<std::vector<Observation>> all(layers.size());
    for (std::size_t slot = 0; slot < layers.size(); ++slot) {
      std::size_t last = 0;
      for (const std::string& tensor : layers[slot])
        if (const ProgramRun::Observed* observed = run.observed(tensor)) {
          all[slot].push_back(observed->observation);
          last = std::max(last, observed->when);
        }
      ends.emplace_back(last, layers.size() - slot);
    }
    std::sort(ends.begin(), ends.end());
    for (const auto& [when, from_behind] : ends)
      if (when > 0) recorder.record(layers.size() - from_behind, std::move(all[layers.size() - from_behind]));
  }

  c10::IValue outputs_of(const ProgramRun& run) const {
    std::vector<c10::IValue> outputs;
    for (const pt2::ProgramOutput& output : contents_.program.outputs)
      outputs.push_back(run.value(pt2::names_of({output.argument}).at(0)));
    return c10::ivalue::Tuple::create(std::move(outputs));
  }

  std::shared_ptr<const pt2::Network> file_;
  const pt2::Contents& contents_;
  std::unordered_set<std::string> left_out_;
  std::map<std::string, torch::Tensor> weights_;
};

}  // namespace

std::shared_ptr<const RunnableNetwork> exported_program(const std::shared_ptr<const formats::NetworkFile>& file) {
  auto program = std::dynamic_pointer_cast<const pt2::Network>(file);
  return program ? std::make_shared<ExportedProgram>(std::move(program), std::unordered_set<std::string>()) : nullptr;
}

}  // namespace whycam::network
