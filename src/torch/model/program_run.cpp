#include "torch/model/program_run.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_local_scalar_dense.h>

#include "formats/pt2/scalars.h"
#include "torch/model/operator_call.h"

namespace whycam::network {
namespace {

using c10::IValue;
using pt2::Argument;
using pt2::Node;

/// A number as arithmetic with sizes takes it.
aten::Argument plain(const IValue& value) {
  if (value.isBool()) return {value.toBool()};
  if (value.isInt()) return {value.toInt()};
  if (value.isDouble()) return {value.toDouble()};
  throw formats::Error("arithmetic with something that is no number");
}

IValue value_from(const aten::Argument& number) {
  if (const auto* truth = std::get_if<bool>(&number.value)) return *truth;
  if (const auto* whole = std::get_if<std::int64_t>(&number.value)) return *whole;
  return std::get<double>(number.value);
}

/// The elements of lists in their places.
void flatten(const IValue& value, std::vector<IValue>& all) {
  if (!value.isList()) return all.push_back(value);
  for (const IValue& element : value.toListRef()) all.push_back(element);
}

/// Whether a node checks what the export found, which takes no part in the result.
bool checks(const Node& node) {
  return node.op.rfind("_assert", 0) == 0 || node.op.rfind("sym_constrain_range", 0) == 0;
}

}  // namespace

void ProgramRun::set(const std::string& name, IValue value) {
  if (watched_.count(name) && value.isTensor() && value.toTensor().requires_grad()) {
    observed_[name] = {recorder_.observe(value.toTensor()), observed_.size() + 1};
    observed_[name].observation.name = name;
  }
  values_[name] = std::move(value);
}

IValue ProgramRun::value(const std::string& name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) throw formats::Error("the tensor \"" + name + "\" is not there");
  return found->second;
}

const ProgramRun::Observed* ProgramRun::observed(const std::string& name) const {
  const auto found = observed_.find(name);
  return found == observed_.end() ? nullptr : &found->second;
}

void ProgramRun::run(const std::vector<Node>& nodes) {
  for (const Node& node : nodes) {
    const torch::AutoGradMode gradients(torch::GradMode::is_enabled() && !node.without_gradient);
    try {
      step(node);
    } catch (const aten::CannotCompile& reason) {
      throw formats::Error(pt2::op_text(node) + " in \"" + node.name + "\": " + reason.what());
    }
  }
}

void ProgramRun::step(const Node& node) {
  if (left_out_.count(node.name) && !node.inputs.empty()) return give(node, {value_of(node.inputs[0].second)});
  if (node.domain == "aten" && says_size(node)) return;
  if (pt2::is_scalar_domain(node.domain)) return calculate(node);
  if (node.domain == "higher_order" && node.op == "cond") return branch(node);
  if (node.domain == "higher_order" && node.op == "while_loop") return repeat(node);
  if (node.domain == "higher_order")
    throw formats::Error(pt2::op_text(node) + " in \"" + node.name +
                         "\": a part that is run in a way of its own; export the network without it");
  give(node, call_operator(node, [this](const std::string& name) { return value(name); }));
}

/// Operators that give sizes or numbers, or check them.
bool ProgramRun::says_size(const Node& node) {
  if (checks(node)) return true;
  const bool one_number = node.op == "item" || node.op == "_local_scalar_dense";
  if ((node.op != "sym_size" && node.op != "sym_stride" && node.op != "sym_numel" && !one_number) ||
      node.inputs.empty())
    return false;
  const torch::Tensor tensor = value_of(node.inputs[0].second).toTensor();
  if (one_number) {
    give(node, {at::_local_scalar_dense(tensor)});
  } else if (node.op == "sym_numel") {
    give(node, {tensor.numel()});
  } else {
    const std::int64_t axis = value_of(node.inputs.at(1).second).toInt();
    give(node, {node.op == "sym_size" ? tensor.size(axis) : tensor.stride(axis)});
  }
  return true;
}

/// Arithmetic with sizes, which Python does.
void ProgramRun::calculate(const Node& node) {
  aten::Arguments numbers;
  for (const auto& input : node.inputs) numbers.push_back(plain(value_of(input.second)));
  give(node, {value_from(pt2::scalar(node.op, numbers))});
}

bool ProgramRun::is_true(const IValue& value) const {
  return value.isTensor() ? at::_local_scalar_dense(value.toTensor()).toBool() : pt2::is_true(plain(value));
}

std::vector<IValue> ProgramRun::called(const Node& node, const Argument& part,
                                       const std::vector<IValue>& operands) const {
  const auto* found = std::get_if<std::shared_ptr<const pt2::Subprogram>>(&part.value);
  const std::vector<std::string> inputs = found ? pt2::names_of((*found)->inputs) : std::vector<std::string>();
  if (!found || inputs.size() != operands.size())
    throw formats::Error(pt2::op_text(node) + " in \"" + node.name + "\": a part with other arguments than it takes");
  static const std::unordered_set<std::string> none;
  ProgramRun inside(recorder_, none, none);
  for (std::size_t i = 0; i < inputs.size(); ++i) inside.set(inputs[i], operands[i]);
  inside.run((*found)->nodes);
  return inside.values((*found)->outputs);
}

/// cond(predicate, true_graph, false_graph, operands)
void ProgramRun::branch(const Node& node) {
  if (node.inputs.size() < 3) throw formats::Error("a cond of less than three arguments");
  std::vector<Argument> operands;
  for (std::size_t i = 3; i < node.inputs.size(); ++i) operands.push_back(node.inputs[i].second);
  const bool first = is_true(value_of(node.inputs[0].second));
  give(node, called(node, node.inputs[first ? 1 : 2].second, values(operands)));
}

/// while_loop(condition_graph, body_graph, carried, additional)
void ProgramRun::repeat(const Node& node) {
  if (node.inputs.size() < 3) throw formats::Error("a while_loop of less than three arguments");
  std::vector<IValue> carried = values({node.inputs[2].second}), more;
  if (node.inputs.size() > 3) more = values({node.inputs[3].second});
  const auto with_more = [&] {
    std::vector<IValue> all = carried;
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  const auto goes_on = [&] {
    const std::vector<IValue> answer = called(node, node.inputs[0].second, with_more());
    return !answer.empty() && is_true(answer[0]);
  };
  while (goes_on()) carried = called(node, node.inputs[1].second, with_more());
  give(node, carried);
}

std::vector<IValue> ProgramRun::values(const std::vector<Argument>& arguments) const {
  std::vector<IValue> all;
  for (const Argument& argument : arguments) {
    if (const auto* list = std::get_if<std::vector<Argument>>(&argument.value)) {
      for (const IValue& element : values(*list)) all.push_back(element);
    } else {
      all.push_back(value_of(argument));
    }
  }
  return all;
}

IValue ProgramRun::value_of(const Argument& argument) const {
  if (const auto* tensor = std::get_if<pt2::TensorName>(&argument.value)) return value(tensor->name);
  if (const auto* number = std::get_if<pt2::NumberName>(&argument.value)) return value(number->name);
  if (const auto* truth = std::get_if<bool>(&argument.value)) return *truth;
  if (const auto* whole = std::get_if<std::int64_t>(&argument.value)) return *whole;
  if (const auto* real = std::get_if<double>(&argument.value)) return *real;
  throw formats::Error("an argument that is no tensor and no number");
}

void ProgramRun::give(const Node& node, const std::vector<IValue>& results) {
  std::vector<IValue> all;
  for (const IValue& result : results) flatten(result, all);
  std::size_t next = 0;
  for (const Argument& output : node.outputs) {
    const std::vector<std::string> names = pt2::names_of({output});
    if (names.empty()) ++next;  // one that nobody reads
    for (const std::string& name : names) {
      if (next == all.size())
        throw formats::Error(pt2::op_text(node) + " in \"" + node.name + "\": fewer results than the file says");
      set(name, all[next++]);
    }
  }
}

}  // namespace whycam::network
