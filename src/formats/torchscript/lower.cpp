#include "formats/torchscript/lower.h"

#include <ATen/ops/empty.h>
#include <torch/csrc/jit/ir/ir.h>

#include <algorithm>
#include <set>

#include "formats/aten/perhaps_copies.h"
#include "formats/aten/rules.h"
#include "formats/torchscript/call_stack.h"
#include "formats/torchscript/call_tensors.h"
#include "formats/torchscript/constant.h"
#include "formats/torchscript/messages.h"
#include "formats/torchscript/named_tensors.h"
#include "formats/torchscript/output_element.h"
#include "formats/torchscript/script.h"
#include "formats/torchscript/symbols.h"
#include "whycam/errors.h"

namespace whycam::torchscript {
namespace {

using c10::IValue;
using torch::jit::Block;
using torch::jit::Node;
using torch::jit::Stack;
using JitValue = torch::jit::Value;

/// What asks a tensor for its shape or type, or handles lists of tensors, and never looks at a number.
const std::set<std::string> looks_at_no_number{"aten::size",
                                               "aten::dim",
                                               "aten::ndimension",
                                               "aten::numel",
                                               "aten::len",
                                               "aten::is_floating_point",
                                               "aten::is_complex",
                                               "aten::append",
                                               "aten::extend",
                                               "aten::insert",
                                               "aten::pop",
                                               "aten::__getitem__",
                                               "aten::__is__",
                                               "aten::__isnot__",
                                               "aten::__contains__",
                                               "aten::keys",
                                               "aten::values",
                                               "aten::items",
                                               "aten::_set_item",
                                               "aten::list",
                                               "aten::add_list",
                                               "aten::is_cuda",
                                               "aten::sym_size",
                                               "aten::reverse",
                                               "aten::copy",
                                               "prim::dtype",
                                               "prim::device",
                                               "prim::is_cuda",
                                               "prim::layout",
                                               "prim::is_quantized",
                                               "prim::is_sparse",
                                               "prim::is_nested",
                                               "prim::is_cpu",
                                               "prim::is_mkldnn",
                                               "prim::is_meta",
                                               "prim::unchecked_cast",
                                               "prim::unchecked_unwrap_optional",
                                               "aten::_unwrap_optional",
                                               "prim::isinstance",
                                               "aten::new_zeros",
                                               "aten::new_ones",
                                               "aten::new_full",
                                               "aten::zeros_like",
                                               "aten::ones_like",
                                               "aten::full_like",
                                               "prim::min"};

/// A reason that says where already.
class PlacedReason : public CannotCompile {
 public:
  using CannotCompile::CannotCompile;
};

/// Follows the script node by node. What meets no symbol is done by libtorch, what does by the rules.
class Follower {
 public:
  Follower(const Script& script, const Arguments& given) : arguments_(given) {
    lowered_.layers.resize(given.layers.size());
    calls_.resize(given.layers.size());
    Stack stack = arguments(script);
    const auto inputs = script.graph->inputs();
    for (std::size_t i = 0; i < inputs.size(); ++i) known_[inputs[i]] = stack.at(i);
    names_[script.module._ivalue().get()] = "";
  }

  graph::Forward run(const Script& script) {
    const Block* block = script.graph->block();
    follow(block);
    if (block->outputs().size() != 1) throw CannotCompile("a network without a result");
    const torch::Tensor output = output_tensor(known_.at(block->outputs()[0]), arguments_.output_element);
    require_followed(output);
    if (!symbols_.is_symbol(output)) throw CannotCompile("an output that does not depend on the inputs");
    lowered_.output = symbols_.value_of(output);
    aten::require_no_difference(symbols_.graph, symbols_.perhaps_copies, lowered_.layers);
    lowered_.graph = std::move(symbols_.graph);
    return std::move(lowered_);
  }

 private:
  torch::Tensor symbol(const std::string& name, const torch::Tensor& tensor) {
    if (tensor.scalar_type() != symbols_.type)
      throw CannotCompile(name + " of the type " + c10::toString(tensor.scalar_type()));
    const torch::Tensor stand_in = symbols_.stand_in(symbols_.graph.add_input(name, tensor.sizes().vec()));
    if (!tensor.is_contiguous()) symbols_.set_order(stand_in, aten::Order::unknown);
    return stand_in;
  }

  /// The network itself, its inputs and the additional arguments, where tensors are stood in for.
  Stack arguments(const Script& script) {
    symbols_.type = arguments_.inputs[0].scalar_type();
    if (symbols_.type != torch::kFloat && symbols_.type != torch::kDouble)
      throw CannotCompile(std::string("inputs of the type ") + c10::toString(symbols_.type));
    std::vector<torch::Tensor> inputs;
    for (std::size_t i = 0; i < arguments_.inputs.size(); ++i) {
      inputs.push_back(symbol(graph::input_name(i), arguments_.inputs[i]));
      lowered_.inputs.push_back(symbols_.value_of(inputs.back()));
    }
    std::vector<IValue> additional;
    for (const IValue& argument : arguments_.additional_arguments) {
      if (argument.isTensor() && argument.toTensor().defined()) {
        additional.push_back(symbol(graph::argument_name(lowered_.arguments.size()), argument.toTensor()));
        lowered_.arguments.push_back(symbols_.value_of(additional.back().toTensor()));
      } else if (!constant_of(argument)) {
        throw CannotCompile("an additional argument that is a list of tensors, a tuple, a dictionary or an object");
      } else {
        additional.push_back(argument);
      }
    }
    return call_stack(script.schema, script.module._ivalue(), inputs, additional);
  }

  void follow(const Block* block) {
    for (const Node* node : block->nodes()) {
      try {
        step(const_cast<Node*>(node));
      } catch (const PlacedReason& reason) {  // from a block inside, or what could not be followed before
        leave_out(node, reason);
      } catch (const CannotCompile& reason) {
        leave_out(node, PlacedReason(placed(reason.what(), *node)));
      } catch (const Error&) {
        throw;
      } catch (const std::bad_alloc&) {
        throw;
      } catch (const std::exception& reason) {
        leave_out(node, PlacedReason(placed(first_sentence(reason), *node)));
      }
    }
  }

  /// What cannot be followed may be for another output than the explained one: whoever reads it learns the reason.
  /// Throws it where that is not all that the node does.
  void leave_out(const Node* node, const PlacedReason& reason) {
    const auto is_tensor = [](const JitValue* value) { return value->type()->kind() == c10::TypeKind::TensorType; };
    const auto* schema = node->maybeSchema();
    if (!schema || schema->is_mutable() || node->hasSideEffects() || !node->blocks().empty() ||
        node->outputs().empty() || !std::all_of(node->outputs().begin(), node->outputs().end(), is_tensor))
      throw PlacedReason(reason);
    for (const JitValue* output : node->outputs()) {
      const torch::Tensor tensor = at::empty({0});
      not_followed_.emplace(tensor.unsafeGetTensorImpl(), std::pair(tensor, reason));
      know(output, tensor);
    }
  }

  void require_followed(const IValue& value) const {
    if (not_followed_.empty()) return;
    for_each_tensor(value, [&](const std::string&, const torch::Tensor& tensor) {
      const auto found = not_followed_.find(tensor.unsafeGetTensorImpl());
      if (found != not_followed_.end()) throw PlacedReason(found->second.second);
    });
  }

  /// With the operator and where in the network's source it stands.
  static std::string placed(const std::string& reason, const Node& node) {
    std::string place = std::string(node.kind().toQualString()) + ": " + reason;
    if (const auto line = node.sourceRange().file_line_col())
      place += " at " + std::get<0>(*line) + ":" + std::to_string(std::get<1>(*line));
    return place;
  }

  std::vector<IValue> inputs_of(const Node* node) const {
    std::vector<IValue> inputs;
    for (const JitValue* input : node->inputs()) inputs.push_back(known_.at(input));
    return inputs;
  }

  void step(Node* node) {
    switch (node->kind()) {
      case c10::prim::Constant:
        return constant(node);
      case c10::prim::GetAttr:
        return attribute(node);
      case c10::prim::SetAttr:
        throw CannotCompile("an attribute of the network that is written");
      case c10::prim::If:
        return branch(node);
      case c10::prim::Loop:
        return loop(node);
      case c10::prim::RaiseException:
        throw CannotCompile("an exception");
      default:
        break;
    }
    if (node->kind() == c10::aten::warn || construct(node)) return;
    const std::string op = node->kind().toQualString();
    const std::vector<IValue> inputs = inputs_of(node);
    for (const IValue& input : inputs) require_followed(input);
    if (op == "whycam::observe") return observe(node, inputs);
    if (op == "aten::set_grad_enabled") throw CannotCompile("gradients that are switched");
    if (op == "aten::is_grad_enabled") return know(node->output(), true);  // as where autograd explains
    if (op == "prim::requires_grad" && symbols_.holds_symbol(inputs[0]))
      return know(node->output(), symbols_.requires_gradient(inputs[0].toTensor(), lowered_.inputs));
    if (op == "prim::device" && symbols_.holds_symbol(inputs[0]))
      return know(node->output(), torch::Device(torch::kCPU));
    bool symbolic = false;
    for (const IValue& input : inputs) symbolic = symbolic || symbols_.holds_symbol(input);
    const bool joins_lists = op == "aten::add" && inputs[0].isList();
    if (!symbolic || joins_lists || looks_at_no_number.count(op) > 0) {
      const bool is_question = op.rfind("aten::is_autocast", 0) == 0;  // libtorch counts it among what has effects
      if (!is_question && (node->isNondeterministic() || node->hasSideEffects()))
        throw CannotCompile("what is not the same at each run");
      return run(node, inputs);
    }
    apply_rule(node, op, inputs);
  }

  void know(const JitValue* value, IValue is) { known_[value] = std::move(is); }

  void run(Node* node, std::vector<IValue> stack) {
    if (node->schema().is_vararg()) stack.emplace_back(static_cast<std::int64_t>(stack.size()));
    node->getOperation()(stack);
    if (stack.size() != node->outputs().size())
      throw CannotCompile("an operator that gives " + std::to_string(stack.size()) + " results and not " +
                          std::to_string(node->outputs().size()));
    for (std::size_t i = 0; i < stack.size(); ++i) know(node->outputs()[i], stack[i]);
  }

  void apply_rule(const Node* node, const std::string& op, const std::vector<IValue>& inputs) {
    std::string name = op.rfind("aten::", 0) == 0 ? op.substr(6) : op;
    const aten::Rules& rules = aten::rules();
    auto rule = rules.find(name);
    bool in_place = false;
    if (rule == rules.end() && !name.empty() && name.back() == '_') {
      in_place = true;
      rule = rules.find(name.substr(0, name.size() - 1));
    }
    if (rule == rules.end()) throw CannotCompile("an operator that is not known");
    CallTensors tensors(symbols_);
    aten::Call call(tensors, tensors.arguments(*node, inputs));
    rule->second(call);
    const std::vector<IValue> results = tensors.results(call, inputs, in_place);
    for (std::size_t i = 0; i < node->outputs().size(); ++i)
      if (i < results.size())
        know(node->outputs()[i], results[i]);
      else if (node->outputs()[i]->hasUses())  // attention's weights, which are rarely asked for
        throw CannotCompile("a result that is not computed");
  }

  /// A function that was called before it was inlined stays behind as a constant that has no value.
  void constant(const Node* node) {
    if (node->mustBeNone()) return know(node->output(), IValue());
    if (const auto value = torch::jit::toIValue(node->output())) return know(node->output(), *value);
    if (node->output()->hasUses()) throw CannotCompile("a constant of the type " + node->output()->type()->str());
  }

  void attribute(const Node* node) {
    const auto object = known_.at(node->input()).toObject();
    const std::string& name = node->s(c10::attr::name);
    const IValue value = object->getAttr(name);
    const std::string& parent = names_[object.get()];
    if (value.isObject()) names_[value.toObject().get()] = parent.empty() ? name : parent + "." + name;
    if (value.isTensor()) symbols_.set_attribute(value.toTensor(), parent);
    know(node->output(), value);
  }

  void give_outputs(const Node* node, const Block* block, std::size_t first) {
    for (std::size_t i = 0; i < node->outputs().size(); ++i)
      know(node->outputs()[i], known_.at(block->outputs()[first + i]));
  }

  /// A condition that is known: one that depends on the inputs' numbers cannot have come this far.
  void branch(const Node* node) {
    const Block* taken = node->blocks()[known_.at(node->input()).toBool() ? 0 : 1];
    follow(taken);
    give_outputs(node, taken, 0);
  }

  void loop(const Node* node) {
    constexpr std::int64_t longest = 10000;
    const Block* body = node->blocks()[0];
    const std::int64_t limit = known_.at(node->input(0)).toInt();
    bool goes_on = known_.at(node->input(1)).toBool();
    std::vector<IValue> carried;
    for (std::size_t i = 2; i < node->inputs().size(); ++i) carried.push_back(known_.at(node->inputs()[i]));
    for (std::int64_t count = 0; goes_on && count < limit; ++count) {
      if (count == longest) throw CannotCompile("a loop of more than " + std::to_string(longest) + " rounds");
      know(body->inputs()[0], count);
      for (std::size_t i = 0; i < carried.size(); ++i) know(body->inputs()[i + 1], carried[i]);
      follow(body);
      goes_on = known_.at(body->outputs()[0]).toBool();
      for (std::size_t i = 0; i < carried.size(); ++i) carried[i] = known_.at(body->outputs()[i + 1]);
    }
    for (std::size_t i = 0; i < carried.size(); ++i) know(node->outputs()[i], carried[i]);
  }

  /// Lists, tuples and dictionaries, for which the interpreter has instructions instead of operators.
  bool construct(const Node* node) {
    Stack stack;
    switch (node->kind()) {
      case c10::prim::ListConstruct: {
        c10::impl::GenericList list(node->output()->type()->expectRef<c10::ListType>().getElementType());
        for (IValue& element : inputs_of(node)) list.push_back(std::move(element));
        stack.push_back(list);
        break;
      }
      case c10::prim::DictConstruct: {
        const auto& type = node->output()->type()->expectRef<c10::DictType>();
        c10::impl::GenericDict dictionary(type.getKeyType(), type.getValueType());
        const std::vector<IValue> entries = inputs_of(node);
        for (std::size_t i = 0; i + 1 < entries.size(); i += 2) dictionary.insert(entries[i], entries[i + 1]);
        stack.push_back(dictionary);
        break;
      }
      case c10::prim::TupleConstruct: {
        const auto type = node->output()->type()->expect<c10::TupleType>();
        stack.push_back(type->name() ? c10::ivalue::Tuple::createNamed(inputs_of(node), type)
                                     : c10::ivalue::Tuple::create(inputs_of(node)));
        break;
      }
      case c10::prim::TupleUnpack:
        stack = known_.at(node->input()).toTupleRef().elements().vec();
        break;
      case c10::prim::ListUnpack:
        stack = known_.at(node->input()).toListRef().vec();
        if (stack.size() != node->outputs().size()) throw CannotCompile("a list of another length than is expected");
        break;
      case c10::prim::TupleIndex:
        stack.push_back(element_of(known_.at(node->input(0)), known_.at(node->input(1)).toInt()));
        break;
      default:
        return false;
    }
    for (std::size_t i = 0; i < node->outputs().size(); ++i) know(node->outputs()[i], stack[i]);
    return true;
  }

  static IValue element_of(const IValue& tuple, std::int64_t at) {
    const auto elements = tuple.toTupleRef().elements().vec();
    return elements.at(static_cast<std::size_t>(at < 0 ? at + static_cast<std::int64_t>(elements.size()) : at));
  }

  /// As Recorder::record: the tensors of a layer in order, those of its last run.
  void observe(const Node* node, const std::vector<IValue>& inputs) {
    const auto slot = static_cast<std::size_t>(inputs[1].toInt());
    know(node->output(), inputs[0]);
    const std::int64_t call = calls_.at(slot)++;
    const ObservedLayer& wanted = arguments_.layers[slot];
    if (wanted.call.value_or(call) != call) return;
    auto& tensors = lowered_.layers[slot];
    tensors.clear();
    for_each_tensor(inputs[0], [&](const std::string& name, const torch::Tensor& tensor) {
      if (wanted.tensor.value_or(name) != name) return;
      if (!symbols_.is_symbol(tensor)) throw CannotCompile("a layer with a tensor that does not depend on the inputs");
      tensors.push_back(symbols_.value_of(tensor));
    });
  }

  const Arguments& arguments_;
  Symbols symbols_;
  std::unordered_map<const JitValue*, IValue> known_;
  std::unordered_map<const c10::ivalue::Object*, std::string> names_;
  graph::Forward lowered_;
  /// Stand-ins for what could not be followed, and why.
  std::unordered_map<const c10::TensorImpl*, std::pair<torch::Tensor, PlacedReason>> not_followed_;
  std::vector<std::int64_t> calls_;  ///< how often each layer was met
};

}  // namespace

graph::Forward lower(const Script& script, const Arguments& arguments) {
  return Follower(script, arguments).run(script);
}

}  // namespace whycam::torchscript
