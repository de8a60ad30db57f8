#include "torch/model/observed_graph.h"

#include <torch/csrc/jit/api/function_impl.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/ir/alias_analysis.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/passes/constant_propagation.h>
#include <torch/csrc/jit/passes/inline_fork_wait.h>
#include <torch/csrc/jit/runtime/custom_operator.h>

#include <algorithm>
#include <optional>
#include <set>

#include "whycam/errors.h"

namespace whycam::network {
namespace {

using torch::jit::Block;
using torch::jit::Graph;
using torch::jit::Module;
using torch::jit::Node;
using torch::jit::Value;

const c10::Symbol observe_symbol = c10::Symbol::fromQualString("whycam::observe");

// whycam::observe(value, slot) gives the value on, reported to the current Recorder. It takes any type: layers may
// return tuples, lists and dictionaries.
const torch::jit::RegisterOperators observe_operator({torch::jit::Operator(
    "whycam::observe(Any value, int slot) -> Any",
    [](torch::jit::Stack& stack) {
      const std::int64_t slot = torch::jit::pop(stack).toInt();
      c10::IValue value = torch::jit::pop(stack);
      Recorder* recorder = Recorder::current();
      stack.push_back(recorder ? recorder->record(static_cast<std::size_t>(slot), std::move(value)) : value);
    },
    c10::AliasAnalysisKind::CONSERVATIVE)});

/// Whether `holds` is true of a node of the block or the blocks inside.
template <class Holds>
bool any_node(Block* block, const Holds& holds) {
  for (Node* node : block->nodes()) {
    if (holds(node)) return true;
    for (Block* inner : node->blocks())
      if (any_node(inner, holds)) return true;
  }
  return false;
}

class Observer {
 public:
  Observer(const Module& module, const std::vector<std::string>& paths, LayerSide side)
      : module_(module),
        side_(side),
        graph_(torch::jit::toGraphFunction(module.get_method("forward").function()).graph()->copy()) {
    for (const std::string& path : paths) wanted_.push_back(module_at(path)._ivalue());
  }

  std::shared_ptr<Graph> observed() {
    inline_calls(graph_->block());
    // A forked subgraph would run in the profiling executor. What it holds becomes visible call by call.
    while (!torch::jit::findAllNodes(*graph_, c10::prim::fork, true).empty()) {
      torch::jit::InlineForkWait(graph_);
      inline_calls(graph_->block());
    }
    refuse_operators_without_gradient(graph_->block());
    fold_modes();
    return graph_;
  }

 private:
  /// The path of the module that `object` holds, where it is known from the graph alone.
  std::optional<std::string> path_of(const Value* object) const {
    if (object == graph_->inputs()[0]) return std::string();
    const Node* node = object->node();
    if (node->kind() != c10::prim::GetAttr) return std::nullopt;
    const auto parent = path_of(node->input());
    if (!parent) return std::nullopt;
    const std::string& name = node->s(c10::attr::name);
    return parent->empty() ? name : *parent + "." + name;
  }

  Module module_at(const std::string& path) const {
    Module module = module_;
    for (std::size_t begin = 0; begin < path.size();) {
      const std::size_t end = std::min(path.find('.', begin), path.size());
      module = module.attr(path.substr(begin, end - begin)).toModule();
      begin = end + 1;
    }
    return module;
  }

  /// The function that a call node calls, or null where it is no TorchScript function.
  torch::jit::GraphFunction* callee(Node* node) const {
    if (node->kind() == c10::prim::CallFunction) {
      const auto type = node->input(0)->type()->cast<c10::FunctionType>();
      return type ? torch::jit::tryToGraphFunction(*type->function()) : nullptr;
    }
    const std::string& name = node->s(c10::attr::name);
    if (const auto type = node->input(0)->type()->cast<c10::ClassType>())
      return torch::jit::tryToGraphFunction(type->getMethod(name));
    // A module behind an interface: the module that is really there tells its method.
    const auto path = path_of(node->input(0));
    if (!path) throw ModelError("cannot follow the call of \"" + name + "\" through an interface to its module");
    return torch::jit::tryToGraphFunction(module_at(*path).get_method(name).function());
  }

  Value* observe(Value* value, std::size_t slot, Node* place, bool behind) {
    const torch::jit::WithInsertPoint here(behind ? place->next() : place);
    Value* number = graph_->insertConstant(static_cast<std::int64_t>(slot));
    Node* node = graph_->insertNode(graph_->create(observe_symbol, {value, number}));
    node->output()->setType(value->type());
    return node->output();
  }

  void observe_call(Node* call, std::size_t slot) {
    if (side_ == LayerSide::output) {
      Value* output = call->output();
      Value* observed = observe(output, slot, call, true);
      output->replaceAllUsesAfterNodeWith(observed->node(), observed);
      return;
    }
    // Several arguments are observed together, as a tuple, so that they make one run of the slot.
    const auto arguments = call->inputs().slice(1).vec();
    if (arguments.size() == 1) {
      call->replaceInput(1, observe(arguments[0], slot, call, false));
      return;
    }
    const torch::jit::WithInsertPoint here(call);
    Value* packed = graph_->insertNode(graph_->createTuple(arguments))->output();
    Node* unpacked = graph_->createTupleUnpack(observe(packed, slot, call, false));
    unpacked->insertBefore(call);
    for (std::size_t i = 0; i < arguments.size(); ++i) call->replaceInput(i + 1, unpacked->output(i));
  }

  /// A layer that is called several times has a method for each call in a traced network ("forward1", "forward2", ...,
  /// without a gap), and one for each signature in a scripted one ("forward__0", ...).
  static bool is_forward(const Module& module, const std::string& method) {
    if (method == "forward") return true;
    if (method.rfind("forward", 0) != 0) return false;
    const bool scripted = method.compare(7, 2, "__") == 0;
    const std::string number = method.substr(scripted ? 9 : 7);
    if (number.empty() || number.size() > 6 || number.find_first_not_of("0123456789") != std::string::npos)
      return false;
    if (scripted) return true;
    for (int before = std::stoi(number) - 1; before > 0; --before)
      if (!module.find_method("forward" + std::to_string(before))) return false;
    return true;
  }

  void observe_if_wanted(Node* call) {
    const auto path = path_of(call->input(0));
    if (!path) return;
    const Module called = module_at(*path);
    if (!is_forward(called, call->s(c10::attr::name))) return;
    for (std::size_t slot = 0; slot < wanted_.size(); ++slot)  // one module may have several names
      if (wanted_[slot] == called._ivalue()) observe_call(call, slot);
  }

  void inline_call(Node* call) {
    const bool method = call->kind() == c10::prim::CallMethod;
    torch::jit::GraphFunction* function = callee(call);
    if (!function) throw ModelError("the network calls a function that is not TorchScript and cannot be looked into");
    if (method) observe_if_wanted(call);
    if (!method) call->removeInput(0);  // the function itself
    torch::jit::inlineCallTo(call, function, function->graph().get());
  }

  void inline_calls(Block* block) {
    for (Node* node = *block->nodes().begin(); node != block->return_node();) {
      if (node->kind() == c10::prim::CallMethod || node->kind() == c10::prim::CallFunction) {
        Node* before = node->prev();  // what is inlined begins behind it, and holds calls of its own
        inline_call(node);
        node = before->next();
        continue;
      }
      for (Block* inner : node->blocks()) inline_calls(inner);
      node = node->next();
    }
  }

  /// The modules' modes are known, and with them the branches that are never taken: they would seem to write on
  /// buffers.
  void fold_modes() {
    const auto is_mode = [](Node* node) { return node->s(c10::attr::name) == "training"; };
    if (any_node(graph_->block(), [&](Node* node) { return node->kind() == c10::prim::SetAttr && is_mode(node); }))
      return;
    for (Node* node : torch::jit::findAllNodes(*graph_, c10::prim::GetAttr, true)) {
      const auto path = is_mode(node) ? path_of(node->input()) : std::nullopt;
      if (!path) continue;
      const torch::jit::WithInsertPoint here(node);
      node->output()->replaceAllUsesWith(graph_->insertConstant(module_at(*path).attr("training")));
    }
    torch::jit::ConstantPropagationImmutableTypes(graph_);
  }

  static void refuse_operators_without_gradient(Block* block) {
    for (Node* node : block->nodes()) {
      for (Block* inner : node->blocks()) refuse_operators_without_gradient(inner);
      static const std::set<std::string> optimised{"quantized",  "prepacked",       "mkldnn_prepacked",
                                                   "mkldnn",     "tensorrt",        "tensorexpr",
                                                   "_quantized", "metal_prepacked", "vulkan_prepack"};
      if (optimised.count(node->kind().ns().toUnqualString()))
        throw ModelError(std::string("the network holds the operator ") + node->kind().toQualString() +
                         ", which has no gradient: it was quantised or optimised for inference; explain the network as "
                         "it was before that step");
    }
  }

  const Module& module_;
  std::vector<torch::jit::ModulePtr> wanted_;  ///< of each slot
  LayerSide side_;
  std::shared_ptr<Graph> graph_;
};

}  // namespace

std::shared_ptr<Graph> observed_graph(const Module& module, const std::vector<std::string>& paths, LayerSide side) {
  return Observer(module, paths, side).observed();
}

namespace {

bool is_half_precision(std::int64_t type) {
  return type == static_cast<std::int64_t>(torch::kHalf) || type == static_cast<std::int64_t>(torch::kBFloat16);
}

void compute_in_float32(Block* block) {
  Graph* graph = block->owningGraph();
  for (Node* node : block->nodes()) {
    for (Block* inner : node->blocks()) compute_in_float32(inner);
    const torch::jit::WithInsertPoint here(node);
    if (node->kind() == c10::prim::Constant && node->output()->type()->kind() == c10::TypeKind::TensorType) {
      const auto constant = torch::jit::toIValue(node->output());
      if (constant && constant->isTensor() &&
          is_half_precision(static_cast<std::int64_t>(constant->toTensor().scalar_type())))
        node->output()->replaceAllUsesWith(graph->insertConstant(constant->toTensor().to(torch::kFloat)));
      continue;
    }
    const torch::jit::FunctionSchema* schema = node->maybeSchema();
    for (std::size_t i = 0; schema && i < node->inputs().size() && i < schema->arguments().size(); ++i)
      if (schema->arguments()[i].name() == "dtype")
        if (const auto type = torch::jit::toIValue(node->input(i));
            type && type->isInt() && is_half_precision(type->toInt()))
          node->replaceInput(i, graph->insertConstant(static_cast<std::int64_t>(torch::kFloat)));
  }
}

}  // namespace

namespace {

/// Where a node takes an element of the output from; throws where the graph does not show it.
std::pair<Node*, std::size_t> place_of(Node* node, std::size_t input, const std::vector<OutputElement>& path) {
  for (const OutputElement& step : path) {
    Node* container = node->input(input)->node();
    std::optional<std::size_t> found;
    const auto* index = std::get_if<std::int64_t>(&step);
    if (index && (container->kind() == c10::prim::TupleConstruct || container->kind() == c10::prim::ListConstruct)) {
      if (*index >= 0 && static_cast<std::size_t>(*index) < container->inputs().size())
        found = static_cast<std::size_t>(*index);
    } else if (!index && container->kind() == c10::prim::DictConstruct) {
      for (std::size_t i = 0; i + 1 < container->inputs().size(); i += 2)
        if (const auto key = torch::jit::toIValue(container->input(i));
            key && key->isString() && key->toStringRef() == std::get<std::string>(step))
          found = i + 1;
    }
    if (!found) throw ModelError("the network's code does not show which softmax its output element comes from");
    node = container;
    input = *found;
  }
  return {node, input};
}

}  // namespace

void give_before_softmax(std::shared_ptr<Graph> graph, const std::vector<OutputElement>& path) {
  torch::jit::ConstantPropagationImmutableTypes(graph);
  const auto [node, input] = place_of(graph->return_node(), 0, path);
  Value* output = node->input(input);
  while (output->node()->kind() == observe_symbol) output = output->node()->input(0);
  static const std::set<std::string> names{"aten::softmax", "aten::log_softmax", "aten::sigmoid", "aten::sigmoid_"};
  if (names.count(output->node()->kind().toQualString()) == 0)
    throw ModelError(std::string("the output comes from no softmax or sigmoid, but from ") +
                     output->node()->kind().toQualString() + "; explain it as it is");
  node->replaceInput(input, output->node()->input(0));
}

void compute_in_float32(Graph& graph) { compute_in_float32(graph.block()); }

namespace {

bool writes_attributes(const std::shared_ptr<Graph>& graph) {
  const torch::jit::AliasDb aliases(graph);
  return any_node(graph->block(), [&](Node* node) {
    if (node->kind() == c10::prim::SetAttr) return true;
    if (node->kind() == c10::prim::GetAttr && aliases.hasWriters(node->output())) return true;
    // These update running statistics in training mode, although their schemas do not say so. Where the mode is the
    // module's own, it is known without the graph.
    if (node->kind() != c10::aten::batch_norm && node->kind() != c10::aten::instance_norm) return false;
    const bool has_statistics = node->inputs()[3]->type()->kind() != c10::TypeKind::NoneType;
    return has_statistics && torch::jit::constant_as<bool>(node->inputs()[5]).value_or(false);
  });
}

bool works_as_in_training(const std::shared_ptr<Graph>& graph, bool modules_in_training) {
  return any_node(graph->block(), [&](Node* node) {
    const torch::jit::FunctionSchema* schema = node->maybeSchema();
    const std::string name = node->kind().toUnqualString();
    if (!schema || (name.find("dropout") == std::string::npos && name != "batch_norm")) return false;
    for (const char* argument : {"train", "training"})
      if (schema->argumentIndexWithName(argument))
        return torch::jit::constant_as<bool>(node->namedInput(argument)).value_or(modules_in_training);
    return false;
  });
}

}  // namespace

SideEffects side_effects(const Module& module, bool modules_in_training) {
  const std::shared_ptr<Graph> graph = observed_graph(module, {}, LayerSide::output);
  return {writes_attributes(graph), works_as_in_training(graph, modules_in_training)};
}

}  // namespace whycam::network
