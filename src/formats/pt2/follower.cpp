#include "formats/pt2/follower.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "formats/aten/rules.h"
#include "formats/pt2/contents.h"
#include "formats/pt2/fold.h"
#include "formats/pt2/scalars.h"
#include "formats/pt2/signatures.h"
#include "graph/operators.h"

namespace whycam::pt2 {

using aten::CannotCompile;
using graph::Value;
using Id = TensorTable::Id;

namespace {

void add_tensors(const aten::Argument& argument, std::vector<Id>& ids) {
  if (const auto* tensor = std::get_if<aten::Tensor>(&argument.value)) ids.push_back(tensor->id);
  if (const auto* list = std::get_if<aten::Arguments>(&argument.value))
    for (const aten::Argument& element : *list) add_tensors(element, ids);
}

/// The tensors among the arguments.
std::vector<Id> tensors_of(const aten::Arguments& arguments) {
  std::vector<Id> ids;
  for (const aten::Argument& argument : arguments) add_tensors(argument, ids);
  return ids;
}

/// Where the file says how a tensor lies in memory; parts of a larger tensor are not in row-major order, either.
aten::Order order_of(const TensorMeta& meta) {
  if (meta.example.size() != meta.sizes.size()) return aten::Order::unknown;
  std::int64_t stride = 1;
  for (std::size_t d = meta.example.size(); d-- > 0;) {
    if (meta.example[d] != 1 && meta.strides[d] != stride) return aten::Order::other;
    if (__builtin_mul_overflow(stride, meta.example[d], &stride)) return aten::Order::unknown;
  }
  return aten::Order::row_major;
}

/// Names end in one underscore, or are Python's: "__ior__".
bool is_in_place(const std::string& op) {
  if (op.size() < 2 || op.back() != '_') return false;
  if (op[op.size() - 2] != '_') return true;
  static const std::set<std::string> pythons{"__iand__", "__ior__", "__ixor__", "__ilshift__", "__irshift__"};
  return pythons.count(op) > 0;
}

}  // namespace

void Follower::add_lifted() {
  for (const Lifted& lifted : contents_.program.lifted)
    if (const auto weight = contents_.weights.find(lifted.argument); weight != contents_.weights.end())
      name_port(lifted.argument, table_.add(weight->second, lifted.name), "the weight \"" + lifted.name + "\"");
}

Value Follower::add_input(const std::string& name, const formats::Given& given) {
  const Value value = table_.graph.add_input(given.name, given.shape);
  const auto meta = contents_.program.tensors.find(name);
  const aten::Type type = meta == contents_.program.tensors.end() ? aten::Type::float32 : meta->second.type;
  name_port(name, table_.add(value, type), "the input \"" + name + "\"");
  return value;
}

/// Of what no node gives.
void Follower::name_port(const std::string& name, Id id, const std::string& what) try {
  name_tensor(name, id);
} catch (const CannotCompile& reason) {
  throw Error(what + ": " + reason.what());
}

void Follower::follow() {
  for (const Node& node : contents_.program.nodes) {
    try {
      step(node);
    } catch (const Placed& reason) {
      fail(node, reason.what());
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& reason) {
      const std::string& module = node.modules.empty() ? node.name : node.modules.back().path;
      fail(node, op_text(node) + (module.empty() ? "" : " in \"" + module + "\"") + ": " + reason.what());
    }
  }
}

void Follower::fail(const Node& node, const std::string& reason) {
  const std::vector<std::string> results = names_of(node.outputs);
  const bool changes_first = is_in_place(node.op) || results.empty();
  std::vector<Id> viewed;  // what views share memory with is their first argument
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const bool is_result = node.inputs[i].first.rfind("out", 0) == 0;
    if (i > 0 && !is_result) continue;
    const std::vector<Id> memories = memories_of(node.inputs[i].second);
    if (i == 0 && std::holds_alternative<TensorName>(node.inputs[i].second.value)) viewed = memories;
    if (is_result || changes_first)
      for (const Id id : memories) table_.spoil(id, reason);
  }
  for (const std::string& name : results) {
    faults_[name] = reason;
    perhaps_views_of_[name] = viewed;
  }
}

std::vector<Id> Follower::memories_of(const Argument& argument) const {
  std::vector<Id> ids;
  if (const auto* tensor = std::get_if<TensorName>(&argument.value)) {
    if (const auto known = tensors_.find(tensor->name); known != tensors_.end()) return {known->second};
    if (const auto views = perhaps_views_of_.find(tensor->name); views != perhaps_views_of_.end()) return views->second;
  }
  if (const auto* list = std::get_if<std::vector<Argument>>(&argument.value))
    for (const Argument& element : *list) {
      const std::vector<Id> more = memories_of(element);
      ids.insert(ids.end(), more.begin(), more.end());
    }
  return ids;
}

Id Follower::tensor(const std::string& name) const {
  if (const auto known = tensors_.find(name); known != tensors_.end()) return known->second;
  if (const auto fault = faults_.find(name); fault != faults_.end()) throw Placed(fault->second);
  throw Placed("the tensor \"" + name + "\" is not there");
}

Value Follower::final_value(const std::string& name) try {
  return table_.value_of_inputs(tensor(name));
} catch (const CannotCompile& reason) {
  throw Error("the tensor \"" + name + "\": " + reason.what());
}

Value Follower::first_value(const std::string& name) {
  if (const auto first = first_.find(name); first != first_.end()) return first->second;
  tensor(name);
  return graph::no_value;
}

void Follower::name_tensor(const std::string& name, Id id) {
  if (const auto meta = contents_.program.tensors.find(name); meta != contents_.program.tensors.end()) {
    const graph::Shape shape = table_.tensor(id).shape, said = meta->second.sizes;
    bool fits = shape.size() == said.size();
    for (std::size_t d = 0; fits && d < shape.size(); ++d) fits = said[d] < 0 || said[d] == shape[d];
    if (!fits)
      throw CannotCompile("it gives " + graph::to_string(shape) + " where the file says " + graph::to_string(said));
    table_.set_order(id, order_of(meta->second));
  }
  tensors_[name] = id;
  if (const Value value = table_.value_of_inputs(id); value != graph::no_value) first_[name] = value;
}

void Follower::name_number(const Node& node, aten::Argument number) {
  for (const std::string& name : names_of(node.outputs)) numbers_[name] = number;
}

aten::Argument Follower::argument(const Argument& given) {
  return std::visit(
      [&](const auto& value) -> aten::Argument {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, std::monostate>) {
          return {};
        } else if constexpr (std::is_same_v<T, TensorName>) {
          return {table_.tensor(tensor(value.name))};
        } else if constexpr (std::is_same_v<T, NumberName>) {
          if (const auto known = numbers_.find(value.name); known != numbers_.end()) return known->second;
          tensor(value.name);  // why it is not there
          return {};
        } else if constexpr (std::is_same_v<T, Foreign>) {
          throw CannotCompile("an argument of the kind " + value.kind);
        } else if constexpr (std::is_same_v<T, std::shared_ptr<const Subprogram>>) {
          throw CannotCompile("a part of the program as an argument");
        } else if constexpr (std::is_same_v<T, std::vector<Argument>>) {
          aten::Arguments elements;
          for (const Argument& element : value) elements.push_back(argument(element));
          return {elements};
        } else {
          return {value};
        }
      },
      given.value);
}

void Follower::step(const Node& node) {
  if (node.domain == "higher_order")
    throw CannotCompile(
        node.op == "cond" || node.op == "while_loop" || node.op == "map_impl" || node.op == "scan"
            ? "control flow that depends on numbers; export the network without it"
            : "a part that is run in a way of its own (such as without gradients); export the network without it");
  if (node.domain == "aten") return size_step(node) ? void() : call_step(node);
  if (is_scalar_domain(node.domain)) return scalar_step(node);
  throw CannotCompile("an operator of \"" + node.domain + "\", of which none is known");
}

/// Arithmetic with sizes, which Python does.
void Follower::scalar_step(const Node& node) {
  aten::Arguments arguments;
  for (const auto& [name, given] : node.inputs) arguments.push_back(argument(given));
  name_number(node, scalar(node.op, arguments));
}

/// Operators that give sizes or numbers, or check them.
bool Follower::size_step(const Node& node) {
  const std::string& op = node.op;
  if (op == "_assert_scalar" || op == "_assert_tensor_metadata" || op == "_assert_async" ||
      op == "sym_constrain_range" || op == "sym_constrain_range_for_size") {
    if (op != "_assert_scalar" || node.inputs.empty()) return true;
    const aten::Argument holds = argument(node.inputs[0].second);
    if (!is_true(holds)) throw CannotCompile("a condition of the program does not hold for inputs of these shapes");
    return true;
  }
  const bool of_tensor = op == "sym_size" || op == "sym_numel" || op == "item" || op == "_local_scalar_dense";
  if (!of_tensor) return false;
  const aten::Arguments arguments = arranged(node, op);
  const aten::Call call(table_, arguments);
  if (op == "sym_numel") {
    name_number(node, {graph::element_count(call.shape())});
  } else if (op == "sym_size") {
    name_number(node, {call.shape()[static_cast<std::size_t>(call.axis(call.integer(1), call.dimensions()))]});
  } else {
    const std::vector<double> numbers = call.numbers_of(0);
    if (numbers.size() != 1) throw CannotCompile("one number of several");
    if (aten::is_float(call.type()))
      name_number(node, {numbers[0]});
    else
      name_number(node, {static_cast<std::int64_t>(std::clamp(numbers[0], -9e15, 9e15))});
  }
  return true;
}

/// Arguments in the order of the operator's signature.
aten::Arguments Follower::arranged(const Node& node, const std::string& op) {
  const std::vector<std::string>* names = signature(op, node.overload);
  if (!names) throw CannotCompile("an operator that is not known");
  aten::Arguments arguments(names->size());
  for (const auto& [name, given] : node.inputs) {
    auto place = std::find(names->begin(), names->end(), name);
    if (place == names->end() && name == "self") place = names->begin();  // as operators in place call it
    if (place == names->end()) throw CannotCompile("an argument \"" + name + "\" that is not known");
    arguments[static_cast<std::size_t>(place - names->begin())] = argument(given);
  }
  return arguments;
}

void Follower::call_step(const Node& node) {
  const bool in_place = is_in_place(node.op);
  const std::string op = !in_place                     ? node.op
                         : node.op.rfind("__", 0) == 0 ? "__" + node.op.substr(3)
                                                       : node.op.substr(0, node.op.size() - 1);
  const aten::Arguments arguments = arranged(node, op);
  aten::Call call(table_, arguments);
  if (fold(node, op, in_place, arguments, call)) return;
  if (asks_for_infinity(node, op, call)) return;
  auto rule = aten::rules().find(op + "." + node.overload);
  if (rule == aten::rules().end()) rule = aten::rules().find(op);
  if (rule == aten::rules().end()) throw CannotCompile("an operator that is not known");
  rule->second(call);
  give(node, call, arguments, in_place);
}

/// x == -inf, by which a softmax finds rows that are masked as a whole: what is computed from inputs is finite here,
/// and masks of which that is not so are refused.
bool Follower::asks_for_infinity(const Node& node, const std::string& op, const aten::Call& call) {
  const std::vector<std::string> names = names_of(node.outputs);
  if (op != "eq" || names.size() != 1 || !call.is<double>(1) || !std::isinf(call.number(1))) return false;
  const auto count = static_cast<std::size_t>(graph::element_count(call.shape()));
  known::require_known(call.shape());
  name_tensor(names[0],
              table_.add(Known::of({true, call.shape(), std::vector<double>(count, 0)}), aten::Type::boolean));
  return true;
}

/// What computes with sizes, indices and other known numbers alone is computed now. Of the network's own floating-point
/// numbers that is what has no rule, or is small; the others become constant nodes of the graph.
bool Follower::fold(const Node& node, const std::string& op, bool in_place, const aten::Arguments& arguments,
                    const aten::Call& call) {
  const std::vector<Id> tensors = tensors_of(arguments);
  const bool has_rule = aten::rules().count(op) > 0,
             any = tensors.empty() ||
                   std::any_of(tensors.begin(), tensors.end(), [&](Id id) { return table_.known(id).has_value(); });
  const std::int64_t most = any ? std::int64_t{1} << 22 : has_rule ? 4096 : std::int64_t{1} << 20;
  if (!looks_at_shape(op) &&
      !std::all_of(tensors.begin(), tensors.end(), [&](Id id) { return table_.is_few(id, most); }))
    return false;
  const std::string exact = op + "." + node.overload;
  const std::string& by = folds(exact) ? exact : op;
  if (is_view(op) && call.is<aten::Tensor>(0)) {
    const Id self = std::get<aten::Tensor>(arguments[0].value).id;
    if (!table_.known(self) && has_rule) return false;
    fold_views(node, op, call, self);
    return true;
  }
  if (!folds(by)) return false;
  std::vector<known::Array> results = folded(by, call);
  for (const known::Array& result : results) count_folded(result.numbers.size());
  const std::vector<std::string> names = names_of(node.outputs);
  if (names.size() != results.size()) throw CannotCompile("another number of results than the file says");
  if (in_place) {
    const known::Array& result = results[0];
    const Id self = std::get<aten::Tensor>(arguments.at(0).value).id;
    if (!table_.known(self) || table_.is_of_weight(self)) throw CannotCompile("an operation in place on a weight");
    graph::require(result.shape == call.shape(), "an operation in place that changes the shape");
    hold(results[0].numbers, call.type());
    table_.known(self)->write(result.numbers);
    name_tensor(names[0], self);
    return true;
  }
  name_known(names, std::move(results));
  return true;
}

void Follower::name_known(const std::vector<std::string>& names, std::vector<known::Array> results) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto meta = contents_.program.tensors.find(names[i]);
    const aten::Type type = meta != contents_.program.tensors.end() ? meta->second.type
                            : results[i].integers                   ? aten::Type::int64
                                                                    : aten::Type::float32;
    hold(results[i].numbers, type);
    name_tensor(names[i], table_.add(Known::of(std::move(results[i])), type));
  }
}

void Follower::fold_views(const Node& node, const std::string& op, const aten::Call& call, Id self) {
  const std::vector<std::string> names = names_of(node.outputs);
  const aten::Type type = call.type();
  const Known known = table_.known(self) ? *table_.known(self) : Known::of(array_of(call, 0));
  std::vector<known::Array> results = viewed(op, call, known.places);
  if (results.size() != names.size()) throw CannotCompile("another number of results than the file says");
  for (std::size_t i = 0; i < names.size(); ++i) {
    count_folded(results[i].numbers.size());
    name_tensor(names[i], table_.add_view(Known{known.memory, std::move(results[i])}, type, self));
  }
}

void Follower::give(const Node& node, const aten::Call& call, const aten::Arguments& arguments, bool in_place) {
  using Kind = aten::Result::Kind;
  const std::vector<std::string> names = names_of(node.outputs);
  const auto self = [&] {
    const auto* tensor = arguments.empty() ? nullptr : std::get_if<aten::Tensor>(&arguments[0].value);
    if (!tensor) throw CannotCompile("a first argument that is no tensor");
    return tensor->id;
  };
  if (call.results().size() > names.size() || (call.gives_list() && call.results().size() != names.size()))
    throw CannotCompile("another number of results than the file says");
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i >= call.results().size()) {
      faults_[names[i]] = op_text(node) + ": result " + std::to_string(i) + ", which is not known";
      continue;
    }
    aten::Result result = call.results()[i];
    if (node.without_gradient && result.value != graph::no_value)
      result.value = table_.graph.unary(graph::Function::detach, result.value);
    const auto meta = contents_.program.tensors.find(names[i]);
    const aten::Type type = meta != contents_.program.tensors.end() ? meta->second.type : aten::Type::float32;
    if (result.kind == Kind::perhaps) table_.perhaps_copies.push_back(result.value);
    const bool is_view = result.kind == Kind::view || result.kind == Kind::perhaps;
    if (result.kind == Kind::unchanged) {
      name_tensor(names[i], self());
    } else if (in_place) {
      if (is_view) throw CannotCompile("a change of shape in place");
      table_.write(self(), result.value);
      name_tensor(names[i], self());
    } else {
      name_tensor(names[i],
                  is_view ? table_.add_view(result.value, type, self(), result.part) : table_.add(result.value, type));
    }
  }
}

/// A file of some bytes must not ask for hours.
void Follower::count_folded(std::size_t numbers) {
  constexpr std::size_t most = std::size_t{1} << 28;
  folded_ += numbers;
  if (folded_ > most) throw CannotCompile("the network computes more than 2^28 constants");
}

}  // namespace whycam::pt2
