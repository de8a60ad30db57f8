// The file around the operators: names, extents, constants, inputs and outputs.
#include "formats/onnx/writer.h"

#include <onnx/checker.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "formats/onnx/emitter.h"
#include "graph/operators.h"

namespace whycam::onnx {
namespace {

using graph::Integers;
using graph::Operator;
using graph::Shape;
using graph::Value;

/// The number of examples that a graph is made for: the first extent of its first input.
std::int64_t examples_of(const graph::Graph& graph) {
  for (Value value = 0; value < graph.size(); ++value)
    if (graph[value].op == Operator::input && !graph.shape(value).empty()) return graph.shape(value)[0];
  throw Error("the network has no input with examples");
}

std::string place_of(const graph::Node& node) {
  const std::string op = graph::signature(node.op).name;
  return node.name.empty() ? "an operator " + op : "the operator " + op + " at \"" + node.name + "\"";
}

/// A constant's numbers as they are written.
class Numbers {
 public:
  explicit Numbers(const graph::Constant& of) : floats_(of.numbers()), doubles_(of.doubles) {}
  float operator[](std::int64_t i) const { return floats_ ? floats_.get()[i] : static_cast<float>(doubles_[i]); }

 private:
  const std::shared_ptr<const float> floats_;
  const double* const doubles_;
};

/// Whether numbers of two constants are the same, as far as both have them.
bool equal(const graph::Constant& a, const graph::Constant& b, std::int64_t count) {
  if (a == b) return true;
  const Numbers of_a(a), of_b(b);
  for (std::int64_t i = 0; i < count; ++i) {
    const float one = of_a[i], other = of_b[i];
    if (std::memcmp(&one, &other, sizeof one) != 0) return false;
  }
  return true;
}

/// The attributes that a batch does not change.
graph::Attributes without_shape(graph::Attributes attributes) {
  std::visit(
      [](auto& of) {
        if constexpr (std::is_base_of_v<graph::ShapeAttributes, std::decay_t<decltype(of)>>) of.shape.clear();
      },
      attributes);
  return attributes;
}

void set(proto::AttributeProto& attribute, const Setting& setting) {
  attribute.set_name(setting.name);
  if (const auto* integer = std::get_if<std::int64_t>(&setting.value)) {
    attribute.set_type(proto::AttributeProto::INT);
    attribute.set_i(*integer);
  } else if (const auto* number = std::get_if<double>(&setting.value)) {
    attribute.set_type(proto::AttributeProto::FLOAT);
    attribute.set_f(static_cast<float>(*number));
  } else if (const auto* integers = std::get_if<Integers>(&setting.value)) {
    attribute.set_type(proto::AttributeProto::INTS);
    for (const std::int64_t one : *integers) attribute.add_ints(one);
  } else {
    attribute.set_type(proto::AttributeProto::STRING);
    attribute.set_s(std::get<std::string>(setting.value));
  }
}

}  // namespace

Emitter::Emitter(const graph::Graph& graph, const graph::Graph* other, const Writing& writing)
    : graph_(graph),
      other_(other),
      writing_(writing),
      examples_(examples_of(graph)),
      other_examples_(other ? examples_of(*other) : 0),
      to_(*model_.mutable_graph()) {
  for (const auto& [from, name] : writing.inputs) taken_[name] = 1;
  for (const auto& [from, name] : writing.outputs)
    if (taken_[name]++ > 0) throw Error("two tensors of the network would be called \"" + name + "\"");
  if (taken_[writing.chosen]++ > 0)
    throw Error("the network has an input or output \"" + writing.chosen + "\" already");
  check_alike();
  model_.set_ir_version(8);
  model_.set_producer_name("whycam");
  model_.set_producer_version(writing.version);
  model_.add_opset_import()->set_version(written_operator_set);
  to_.set_name(writing.name);
  for (const auto& [key, value] : writing.metadata) {
    auto* entry = model_.add_metadata_props();
    entry->set_key(key);
    entry->set_value(value);
  }
}

/// Both graphs must be the same but for extents.
void Emitter::check_alike() const {
  if (!other_) return;
  const auto refuse = [](const graph::Node& node, const std::string& why) {
    throw Error(place_of(node) + " " + why +
                "; the network does more with the number of examples than to repeat itself");
  };
  if (graph_.size() != other_->size()) throw Error("the network has other operators for another number of examples");
  for (Value value = 0; value < graph_.size(); ++value) {
    const graph::Node &a = graph_[value], &b = (*other_)[value];
    if (a.op != b.op || a.inputs != b.inputs || a.shape.size() != b.shape.size()) refuse(a, "changes with the batch");
    if (!(without_shape(a.attributes) == without_shape(b.attributes)))
      refuse(a, "has other parameters for another batch");
    if (a.op == Operator::constant && a.shape == b.shape &&
        !equal(a.constant, b.constant, graph::element_count(a.shape)))
      refuse(a, "has other numbers for another batch");
    try {
      extents(value);
    } catch (const Error& reason) {
      refuse(a, reason.what());
    }
  }
}

const std::string& Emitter::tensor(Value value) const { return tensors_.at(value); }

std::string Emitter::unique(const std::string& name) {
  int& count = taken_[name];
  const std::string result = count == 0 ? name : name + "_" + std::to_string(count);
  ++count;
  return result == name ? result : unique(result);
}

Tensors Emitter::nodes(const std::string& op, const Tensors& inputs, const std::vector<Setting>& settings,
                       int outputs) {
  proto::NodeProto node;
  node.set_op_type(op);
  for (const std::string& input : inputs) node.add_input(input);
  for (const Setting& setting : settings) set(*node.add_attribute(), setting);
  const std::string key = node.SerializeAsString();
  const auto known = known_.find(key);
  if (known != known_.end() && static_cast<int>(known->second.size()) >= outputs) return known->second;
  const std::string name = unique((place_.empty() ? "" : place_ + "/") + op);
  Tensors results;
  for (int i = 0; i < outputs; ++i) results.push_back(i == 0 ? name : unique(name + "_output" + std::to_string(i)));
  node.set_name(name);
  for (const std::string& result : results) node.add_output(result);
  *to_.add_node() = std::move(node);
  return known_[key] = results;
}

std::string Emitter::floats(const Shape& shape, const std::vector<float>& numbers) {
  std::string bytes(numbers.size() * sizeof(float), '\0');
  if (!numbers.empty()) std::memcpy(bytes.data(), numbers.data(), bytes.size());
  const std::string key = numbers.size() <= 4096 ? "floats " + graph::to_string(shape) + bytes : "";
  if (!key.empty() && known_.count(key)) return known_[key][0];
  proto::TensorProto& tensor = *to_.add_initializer();
  tensor.set_name(unique("constant"));
  tensor.set_data_type(proto::TensorProto::FLOAT);
  for (const std::int64_t extent : shape) tensor.add_dims(extent);
  tensor.set_raw_data(std::move(bytes));
  if (!key.empty()) known_[key] = {tensor.name()};
  return tensor.name();
}

std::string Emitter::number(double number) { return floats({}, {static_cast<float>(number)}); }

std::string Emitter::integers(const Integers& integers) {
  const std::string key = "integers " + graph::to_string(integers);
  if (known_.count(key)) return known_[key][0];
  proto::TensorProto& tensor = *to_.add_initializer();
  tensor.set_name(unique("integers"));
  tensor.set_data_type(proto::TensorProto::INT64);
  tensor.add_dims(static_cast<std::int64_t>(integers.size()));
  tensor.set_raw_data(
      std::string(reinterpret_cast<const char*>(integers.data()), integers.size() * sizeof(std::int64_t)));
  known_[key] = {tensor.name()};
  return tensor.name();
}

std::vector<Extent> Emitter::extents(Value value) const {
  std::vector<Extent> result;
  for (std::size_t d = 0; d < graph_.shape(value).size(); ++d) {
    Extent extent{graph_.shape(value)[d], 0};
    if (const std::int64_t other = other_ ? other_->shape(value)[d] : extent.size; other != extent.size) {
      extent.factor = extent.size / examples_;
      if (extent.factor * examples_ != extent.size || extent.factor * other_examples_ != other)
        throw Error("has an extent that is no multiple of the number of examples");
    }
    result.push_back(extent);
  }
  return result;
}

/// The number of examples, as a tensor of one int64.
std::string Emitter::examples() {
  return node("Shape", {writing_.inputs.at(0).second}, {{"start", std::int64_t{0}}, {"end", std::int64_t{1}}});
}

std::string Emitter::shape(const std::vector<Extent>& extents) {
  Tensors parts;
  Integers fixed;
  const auto end_fixed = [&] {
    if (!fixed.empty()) parts.push_back(integers(fixed));
    fixed.clear();
  };
  for (const Extent& extent : extents) {
    if (extent.factor == 0) {
      fixed.push_back(extent.size);
      continue;
    }
    end_fixed();
    parts.push_back(extent.factor == 1 ? examples() : node("Mul", {examples(), integers({extent.factor})}));
  }
  end_fixed();
  if (parts.empty()) return integers({});
  return parts.size() == 1 ? parts[0] : node("Concat", parts, {{"axis", std::int64_t{0}}});
}

std::string Emitter::reshape(const std::string& tensor, const std::vector<Extent>& extents) {
  Integers sizes;
  std::int64_t open = 0;
  for (const Extent& extent : extents) {
    sizes.push_back(extent.factor == 0 ? extent.size : -1);
    open += extent.factor != 0;
  }
  return node("Reshape", {tensor, open > 1 ? shape(extents) : integers(sizes)});
}

void Emitter::declare(proto::ValueInfoProto& port, const std::string& name, std::int32_t type,
                      const std::vector<Extent>& extents) {
  port.set_name(name);
  auto* tensor = port.mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(type);
  auto* shape = tensor->mutable_shape();
  for (const Extent& extent : extents) {
    auto* dimension = shape->add_dim();
    if (extent.factor == 0)
      dimension->set_dim_value(extent.size);
    else
      dimension->set_dim_param(extent.factor == 1 ? "batch" : std::to_string(extent.factor) + "*batch");
  }
}

std::string Emitter::add_input(Value value) {
  const graph::Node& node = graph_[value];
  if (node.name == writing_.one_hot) return add_one_hot(value);
  const auto named = std::find_if(writing_.inputs.begin(), writing_.inputs.end(),
                                  [&](const auto& one) { return one.first == node.name; });
  if (named == writing_.inputs.end()) throw Error("the input \"" + node.name + "\" has no name in the file");
  declare(*to_.add_input(), named->second, proto::TensorProto::FLOAT, extents(value));
  return named->second;
}

/// 1 at the chosen element of each example. An element that is not there must not give zeros in silence:
/// ScatterElements refuses places beyond the end, so negative ones (which count from the end) are sent there, too.
std::string Emitter::add_one_hot(Value value) {
  const std::vector<Extent> wanted = extents(value);
  const Extent all{wanted.empty() ? 1 : wanted[0].size, other_ && !wanted.empty() ? std::int64_t{1} : 0};
  if (wanted.empty() || wanted[0].size != examples_ || (other_ && wanted[0].factor != 1))
    throw Error("the explained output has the shape " + graph::to_string(graph_.shape(value)) +
                ", whose first extent does not count the examples");
  const std::int64_t elements = graph::element_count(graph_.shape(value)) / examples_;
  declare(*to_.add_input(), writing_.chosen, proto::TensorProto::INT64, {all});
  set_place(writing_.chosen);
  const std::string beyond =
      node("Where", {node("Less", {writing_.chosen, integers({0})}), integers({elements}), writing_.chosen});
  const std::string places = reshape(beyond, {all, {1, 0}});
  const std::string zeros = node("Expand", {number(0), shape({all, {elements, 0}})});
  const std::string ones = node("Expand", {number(1), shape({all, {1, 0}})});
  return reshape(node("ScatterElements", {zeros, places, ones}, {{"axis", std::int64_t{1}}}), wanted);
}

std::string Emitter::add_constant(Value value) {
  const graph::Node& node = graph_[value];
  const std::vector<Extent> own = extents(value);
  std::vector<float> numbers;
  const std::int64_t count = graph::element_count(node.shape);
  const bool grows = std::any_of(own.begin(), own.end(), [](const Extent& extent) { return extent.factor != 0; });
  const Numbers of_node(node.constant);
  for (std::int64_t i = 0; i < count; ++i) numbers.push_back(of_node[i]);
  if (!grows) return floats(node.shape, numbers);
  const auto& other = (*other_)[value];
  const Numbers of_other(other.constant);
  const bool uniform = std::all_of(numbers.begin(), numbers.end(), [&](float x) { return x == numbers[0]; });
  std::int64_t same = 0;
  while (same < graph::element_count(other.shape) && of_other[same] == numbers[0]) ++same;
  if (!uniform || same != graph::element_count(other.shape))
    throw Error("the constant \"" + node.name + "\" grows with the batch");
  return this->node("Expand", {number(numbers[0]), shape(own)});
}

std::string Emitter::finish() {
  set_place({});
  for (const auto& [from, name] : writing_.outputs) {
    const Value value = graph_.output(from);
    if (value == graph::no_value) throw Error("the graph has no output \"" + from + "\"");
    proto::NodeProto& identity = *to_.add_node();
    identity.set_op_type("Identity");
    identity.set_name(unique("output/" + name));
    identity.add_input(tensor(value));
    identity.add_output(name);
    declare(*to_.add_output(), name, proto::TensorProto::FLOAT, extents(value));
  }
  if (model_.ByteSizeLong() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
    throw Error("the network is larger than 2 GB, the most that an ONNX file holds");
  try {
    proto::checker::check_model(model_);
  } catch (const std::exception& reason) {
    const std::string text = reason.what();
    throw Error("the ONNX library refuses what was written: " + text.substr(0, text.find('\n')));
  }
  return model_.SerializeAsString();
}

std::string to_onnx(const graph::Graph& graph, const graph::Graph* other, const Writing& writing) {
  Emitter emitter(graph, other, writing);
  for (Value value = 0; value < graph.size(); ++value) {
    const graph::Node& node = graph[value];
    emitter.set_place(node.name);
    try {
      write_node(emitter, value);
    } catch (const std::exception& reason) {
      throw Error(place_of(node) + " cannot be written: " + reason.what());
    }
  }
  return emitter.finish();
}

}  // namespace whycam::onnx
