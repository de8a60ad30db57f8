#include "torch/engine/autograd/relu_rule.h"

#include "torch/engine/autograd/batch_norm_gradient.h"
#include "whycam/errors.h"

#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/functions/tensor.h>
#include <torch/csrc/autograd/generated/Functions.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <utility>

namespace whycam::engine {
namespace {

using torch::autograd::Node;
using torch::autograd::variable_list;

/// What a node of the autograd graph means for the rule.
struct Kind {
  enum { none, relu, clipped_relu, other_activation } meaning = none;
  std::string name;
  /// A clamp passes the gradient where its input equals the bound; a ReLU does not. The saved input tells.
  const torch::autograd::SavedVariable* clamped = nullptr;
};

bool is_zero(const at::Scalar& number) { return number.toDouble() == 0.0; }

/// "LeakyReluBackward0" becomes "leaky_relu"; empty for names of another form.
std::string operator_name(const std::string& node_name) {
  const std::size_t end = node_name.rfind("Backward");
  if (end == std::string::npos || node_name.find_first_not_of("0123456789", end + 8) != std::string::npos) return {};
  std::string name;
  for (std::size_t i = 0; i < end; ++i) {
    const auto letter = static_cast<unsigned char>(node_name[i]);
    if (std::isupper(letter) && i > 0) name += '_';
    name += static_cast<char>(std::tolower(letter));
  }
  return name;
}

/// libtorch's own nodes that stand for no operator of the network.
bool is_bookkeeping(const std::string& node_name) {
  static const std::set<std::string> names{
      "CopySlices",    "CopyBackwards",         "Identity", "GraphRoot", "Error", "NotImplemented", "DelayedError",
      "UndefinedGrad", "UndefinedGradBackward", "Scatter",  "Gather"};
  const std::size_t colon = node_name.rfind("::");
  const std::string name = colon == std::string::npos ? node_name : node_name.substr(colon + 2);
  return name.find("AccumulateGrad") != std::string::npos || names.count(name) > 0;
}

using OptionalScalar = decltype(torch::autograd::generated::ClampBackward1::min);  // of c10 or std, as the version is

Kind clamp_kind(const OptionalScalar& minimum, const OptionalScalar& maximum,
                const torch::autograd::SavedVariable& input) {
  if (!minimum || !is_zero(*minimum)) return {Kind::other_activation, "clamp"};
  if (maximum) return {Kind::clipped_relu, "clamp"};
  return {Kind::relu, "clamp", &input};
}

Kind hardtanh_kind(const at::Scalar& minimum, const at::Scalar& maximum) {
  if (!is_zero(minimum)) return {Kind::other_activation, "hardtanh"};
  return {Kind::clipped_relu, maximum.toDouble() == 6.0 ? "relu6" : "hardtanh"};
}

/// Other activations, by the names of their operators.
const std::set<std::string> activations{"sigmoid",
                                        "tanh",
                                        "gelu",
                                        "silu",
                                        "mish",
                                        "elu",
                                        "celu",
                                        "selu",
                                        "leaky_relu",
                                        "prelu",
                                        "prelu_kernel",
                                        "_prelu_kernel",
                                        "rrelu_with_noise",
                                        "softplus",
                                        "hardswish",
                                        "hardsigmoid",
                                        "hardtanh",
                                        "log_sigmoid",
                                        "softshrink",
                                        "hardshrink",
                                        "glu",
                                        "threshold",
                                        "clamp",
                                        "clamp_min",
                                        "clamp_max",
                                        "maximum",
                                        "minimum",
                                        "log_sigmoid_forward",
                                        "cudnn_rnn",
                                        "mkldnn_rnn_layer",
                                        "fmax",
                                        "fmin"};

Kind kind_of(const Node& node) {
  namespace generated = torch::autograd::generated;
  if (dynamic_cast<const generated::ReluBackward0*>(&node)) return {Kind::relu, "relu"};
  if (const auto* clamp = dynamic_cast<const generated::ClampBackward1*>(&node))
    return clamp_kind(clamp->min, clamp->max, clamp->self_);
  if (const auto* clamp = dynamic_cast<const generated::ClampMinBackward0*>(&node))
    return clamp_kind(clamp->min, {}, clamp->self_);
  if (const auto* hardtanh = dynamic_cast<const generated::HardtanhBackward0*>(&node))
    return hardtanh_kind(hardtanh->min_val, hardtanh->max_val);
  if (const auto* threshold = dynamic_cast<const generated::ThresholdBackward0*>(&node))
    if (is_zero(threshold->threshold)) return {Kind::relu, "threshold"};
  if (const auto* threshold = dynamic_cast<const generated::ThresholdBackward1*>(&node))  // in place
    if (is_zero(threshold->threshold)) return {Kind::relu, "threshold"};

  const std::string node_name = node.name();
  const std::string name = operator_name(node_name);
  if (activations.count(name)) return {Kind::other_activation, name};
  if (name.empty() && !is_bookkeeping(node_name)) return {Kind::other_activation, "custom function " + node_name};
  return {};
}

}  // namespace

/// The rule in force, shared by all hooks of a graph.
class ReluHooks::Switch {
 public:
  std::optional<ReluRule> rule;
  /// The explanation is over. A network may have used tensors with a history of their own, whose graph lives on with
  /// our hooks in it; they must do nothing there.
  bool over = false;

  bool applies(const Kind& kind, ReluGradient gradient) const {
    return rule && rule->gradient == gradient && (kind.meaning == Kind::relu || rule->clipped_relus);
  }
  bool applies(const Kind& kind, ReluGradient gradient, GuidedRule guided_rule) const {
    return applies(kind, gradient) && rule->rule == guided_rule;
  }
};

namespace {

torch::Tensor non_negative(const torch::Tensor& gradient) {
  return gradient.defined() ? gradient.clamp_min(0) : gradient;
}

/// Of a gradient of the whole tensor, the part that belongs to the view which an operation in place wrote over.
torch::Tensor written_part(const torch::Tensor& whole, const torch::autograd::CopySlices& slices) {
  return whole.as_strided(slices.view.sizes(), slices.view.strides(),
                          slices.view.storage_offset() - slices.base.storage_offset());
}

/// The nodes behind `from`, itself among them, from which one of the ends is reached.
std::vector<Node*> nodes_between(const torch::autograd::Edge& from, const std::vector<torch::autograd::Edge>& ends) {
  struct Visit {
    Node* node;
    std::uint32_t next_edge;
  };
  std::set<const Node*> entered, reaching;
  for (const torch::autograd::Edge& end : ends) reaching.insert(end.function.get());
  std::vector<Node*> between;
  std::vector<Visit> path;
  const auto enter = [&](const torch::autograd::Edge& edge) {
    if (edge.is_valid() && entered.insert(edge.function.get()).second) path.push_back({edge.function.get(), 0});
  };
  enter(from);
  while (!path.empty()) {
    Node* node = path.back().node;
    if (path.back().next_edge < node->num_outputs()) {
      enter(node->next_edge(path.back().next_edge++));
      continue;
    }
    path.pop_back();  // everything behind the node is known
    for (const torch::autograd::Edge& next : node->next_edges())
      if (next.is_valid() && reaching.count(next.function.get())) reaching.insert(node);
    if (reaching.count(node)) between.push_back(node);
  }
  return between;
}

/// A copy of the gradient, laid out as the tensor itself was, so that its parts can be found in it.
torch::Tensor laid_out(const torch::Tensor& gradient, const torch::autograd::CopySlices& slices) {
  return gradient.new_empty_strided(slices.base.sizes(), slices.base.strides()).copy_(gradient);
}

}  // namespace

struct ReluHooks::Found {
  struct Relu {
    Node* node;
    Kind kind;
    /// A ReLU that worked in place on a view (x[:, :4].relu_()) stands inside the node that put the view back into its
    /// tensor; only the view's part of the gradient meets the rule there.
    const torch::autograd::CopySlices* slices;
    torch::Tensor passed;      ///< the non-negative gradient that came to it, for Captum's deconvolution
    bool shared_view = false;  ///< the view that it wrote over was used elsewhere before
  };

  std::shared_ptr<Switch> in_force = std::make_shared<Switch>();
  std::vector<std::shared_ptr<Relu>> relus;
  std::map<std::string, std::int64_t> others;
  decltype(torch::autograd::Edge::function) output;  ///< keeps the graph, and with it every node above, alive

  class ComesToRelu;
  class LeavesRelu;
  class EntersRelu;
  class ComesToSlices;
  class LeavesSlices;

  void find(const torch::autograd::Edge& from, const std::vector<torch::autograd::Edge>& ends);
  void hook();
};

/// At the ReLU, before its mask.
class ReluHooks::Found::ComesToRelu : public torch::autograd::FunctionPreHook {
 public:
  ComesToRelu(std::shared_ptr<Switch> in_force, std::shared_ptr<Relu> relu)
      : in_force_(std::move(in_force)), relu_(std::move(relu)) {}

  variable_list operator()(const variable_list& gradients) override {
    if (in_force_->applies(relu_->kind, ReluGradient::deconvolution, GuidedRule::captum))
      relu_->passed = non_negative(gradients[0]);  // before a ReLU that this one enters replaces it, as in Captum
    if (in_force_->applies(relu_->kind, ReluGradient::guided, GuidedRule::paper)) return {non_negative(gradients[0])};
    return gradients;
  }

 private:
  std::shared_ptr<Switch> in_force_;
  std::shared_ptr<Relu> relu_;
};

/// At the ReLU, behind its mask.
class ReluHooks::Found::LeavesRelu : public torch::autograd::FunctionPostHook {
 public:
  LeavesRelu(std::shared_ptr<Switch> in_force, std::shared_ptr<Relu> relu)
      : in_force_(std::move(in_force)), relu_(std::move(relu)) {}

  variable_list operator()(const variable_list& outputs, const variable_list& inputs) override {
    if (in_force_->over) return outputs;
    variable_list changed = outputs;
    if (in_force_->applies(relu_->kind, ReluGradient::deconvolution, GuidedRule::paper)) {
      changed[0] = non_negative(inputs[0]);
    } else if (relu_->kind.clamped && changed[0].defined()) {
      changed[0] = changed[0] * (relu_->kind.clamped->unpack() > 0);
    }
    return changed;
  }

 private:
  std::shared_ptr<Switch> in_force_;
  std::shared_ptr<Relu> relu_;
};

/// At the tensor that enters one or several ReLUs, where all its gradients have been added up.
class ReluHooks::Found::EntersRelu : public torch::autograd::FunctionPreHook {
 public:
  EntersRelu(std::shared_ptr<Switch> in_force, std::uint32_t position, std::vector<std::shared_ptr<Relu>> relus)
      : in_force_(std::move(in_force)), position_(position), relus_(std::move(relus)) {}

  variable_list operator()(const variable_list& gradients) override {
    variable_list changed = gradients;
    torch::Tensor& gradient = changed[position_];
    for (const auto& relu :
         relus_) {  // in the order of the forward pass: the last one that applies counts, as in Captum
      if (in_force_->applies(relu->kind, ReluGradient::guided, GuidedRule::captum)) gradient = non_negative(gradient);
      if (in_force_->applies(relu->kind, ReluGradient::deconvolution, GuidedRule::captum) && relu->passed.defined())
        gradient = std::exchange(relu->passed, {});
    }
    return changed;
  }

 private:
  std::shared_ptr<Switch> in_force_;
  std::uint32_t position_;
  std::vector<std::shared_ptr<Relu>> relus_;
};

/// The same for a ReLU in place on a view. Where nothing else uses the view, both rules are one; where something does,
/// follow() has refused Captum's.
class ReluHooks::Found::ComesToSlices : public torch::autograd::FunctionPreHook {
 public:
  ComesToSlices(std::shared_ptr<Switch> in_force, std::shared_ptr<Relu> relu)
      : in_force_(std::move(in_force)), relu_(std::move(relu)) {}

  variable_list operator()(const variable_list& gradients) override {
    if (!in_force_->applies(relu_->kind, ReluGradient::guided) || !gradients[0].defined()) return gradients;
    const torch::Tensor gradient = laid_out(gradients[0], *relu_->slices);
    written_part(gradient, *relu_->slices).clamp_min_(0);
    return {gradient};
  }

 private:
  std::shared_ptr<Switch> in_force_;
  std::shared_ptr<Relu> relu_;
};

class ReluHooks::Found::LeavesSlices : public torch::autograd::FunctionPostHook {
 public:
  LeavesSlices(std::shared_ptr<Switch> in_force, std::shared_ptr<Relu> relu)
      : in_force_(std::move(in_force)), relu_(std::move(relu)) {}

  variable_list operator()(const variable_list& outputs, const variable_list& inputs) override {
    const bool deconvolution = in_force_->applies(relu_->kind, ReluGradient::deconvolution);
    if (in_force_->over || !(deconvolution || relu_->kind.clamped) || !outputs[0].defined() || !inputs[0].defined())
      return outputs;
    variable_list changed = outputs;
    changed[0] = laid_out(outputs[0], *relu_->slices);
    torch::Tensor part = written_part(changed[0], *relu_->slices);
    if (deconvolution)
      part.copy_(written_part(laid_out(inputs[0], *relu_->slices), *relu_->slices).clamp_min(0));
    else
      part.mul_(relu_->kind.clamped->unpack() > 0);
    return changed;
  }

 private:
  std::shared_ptr<Switch> in_force_;
  std::shared_ptr<Relu> relu_;
};

void ReluHooks::Found::find(const torch::autograd::Edge& from, const std::vector<torch::autograd::Edge>& ends) {
  output = from.function;
  const std::vector<Node*> between = nodes_between(from, ends);
  std::set<std::pair<const Node*, std::uint32_t>> used;
  for (const Node* node : between)
    for (const torch::autograd::Edge& edge : node->next_edges()) used.emplace(edge.function.get(), edge.input_nr);
  for (Node* node : between) {
    lay_out_gradient(*node);
    const auto* slices = dynamic_cast<const torch::autograd::CopySlices*>(node);
    const Kind kind = kind_of(slices && slices->fn ? *slices->fn : *node);
    if (kind.meaning == Kind::relu || kind.meaning == Kind::clipped_relu) {
      relus.push_back(std::make_shared<Relu>(Relu{node, kind, slices, {}}));
      // The ReLU inside still knows the view's own place, from before it was written over.
      const torch::autograd::Edge view =
          slices && slices->fn->num_outputs() > 0 ? slices->fn->next_edge(0) : torch::autograd::Edge();
      relus.back()->shared_view = view.is_valid() && used.count({view.function.get(), view.input_nr}) > 0;
    } else if (kind.meaning == Kind::other_activation)
      ++others[kind.name];
  }
  std::sort(relus.begin(), relus.end(),
            [](const auto& a, const auto& b) { return a->node->sequence_nr() < b->node->sequence_nr(); });
}

void ReluHooks::Found::hook() {
  std::map<std::pair<Node*, std::uint32_t>, std::vector<std::shared_ptr<Relu>>> entries;
  for (const auto& relu : relus) {
    if (relu->slices) {
      relu->node->add_pre_hook(std::make_unique<ComesToSlices>(in_force, relu));
      relu->node->add_post_hook(std::make_unique<LeavesSlices>(in_force, relu));
      continue;
    }
    relu->node->add_pre_hook(std::make_unique<ComesToRelu>(in_force, relu));
    relu->node->add_post_hook(std::make_unique<LeavesRelu>(in_force, relu));
    const torch::autograd::Edge& entry = relu->node->next_edge(0);
    if (entry.is_valid()) entries[{entry.function.get(), entry.input_nr}].push_back(relu);
  }
  for (auto& [place, entered] : entries)
    place.first->add_pre_hook(std::make_unique<EntersRelu>(in_force, place.second, std::move(entered)));
}

ReluHooks::ReluHooks(const torch::autograd::Edge& output, const std::vector<torch::autograd::Edge>& ends)
    : found_(std::make_unique<Found>()) {
  found_->find(output, ends);
  found_->hook();
}

ReluHooks::~ReluHooks() {
  found_->in_force->rule.reset();
  found_->in_force->over = true;
}

void ReluHooks::follow(const std::optional<ReluRule>& rule) {
  found_->in_force->rule = rule;
  for (const auto& relu : found_->relus)
    if (relu->shared_view && rule && rule->rule == GuidedRule::captum &&
        found_->in_force->applies(relu->kind, rule->gradient))
      throw ModelError(
          "a ReLU works in place on a part of a tensor that is used elsewhere, too, so that Captum's rule, which "
          "takes all its gradients together, cannot be followed; write the ReLU not in place, or take "
          "GuidedRule::paper");
}

ActivationReport ReluHooks::report(bool clipped_relus) const {
  ActivationReport report;
  report.not_guided = found_->others;
  for (const auto& relu : found_->relus) {
    if (relu->kind.meaning == Kind::relu || clipped_relus)
      ++report.relus_guided;
    else
      ++report.not_guided[relu->kind.name];
  }
  return report;
}

}  // namespace whycam::engine
