// How ONNX's operators become nodes of the graph.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "formats/onnx/contents.h"

namespace whycam::onnx {

/// What a tensor's name stands for: nothing (an input that is left out), a value of the graph, or known integers.
using Item = std::variant<std::monostate, graph::Value, Array>;

/// One node that is being followed.
class Call {
 public:
  Call(graph::Graph& graph_, const proto::NodeProto& node, std::vector<Item> inputs, const Network::Contents& contents,
       Constants& constants)
      : graph(graph_),
        name(name_of(node)),
        operator_set(contents.operator_set),
        node_(node),
        inputs_(std::move(inputs)),
        contents_(contents),
        constants_(constants),
        outputs_(static_cast<std::size_t>(node.output_size())) {}

  graph::Graph& graph;
  std::string name;
  std::int64_t operator_set;

  const std::string& op() const { return node_.op_type(); }
  std::size_t count() const { return inputs_.size(); }
  bool given(std::size_t i) const { return i < inputs_.size() && inputs_[i].index() != 0; }

  /// An input as a value; known integers become a constant.
  graph::Value value(std::size_t i = 0);
  std::vector<graph::Value> values();
  graph::Shape shape(std::size_t i = 0) const;
  std::size_t dimensions(std::size_t i = 0) const { return shape(i).size(); }
  /// The numbers of an input that does not depend on the network's inputs, where there are few of them.
  std::optional<Array> known(std::size_t i, std::int64_t most = 4096) const;
  /// The same; refuses where they are not known.
  Array array(std::size_t i) const;
  const Item& item(std::size_t i) const { return inputs_[i]; }

  /// Whether no other node reads this input, nor the network gives it.
  bool reads_alone(std::size_t i) const;

  /// Whether an output has a name: those that nobody wants have none.
  bool is_read(std::size_t output) const {
    return output < outputs_.size() && !node_.output(static_cast<int>(output)).empty();
  }

  bool has(const std::string& attribute) const { return find(attribute) != nullptr; }
  std::int64_t integer(const std::string& attribute, std::int64_t otherwise) const;
  double number(const std::string& attribute, double otherwise) const;
  std::string text(const std::string& attribute, const std::string& otherwise) const;
  graph::Integers integers(const std::string& attribute) const;
  /// As they stand in the file, where the others refuse what is beyond the largest extent: constants and bounds of
  /// slices may be anything.
  graph::Integers raw_integers(const std::string& attribute) const;
  /// What older operator sets have as an attribute and newer ones as input i; nothing where it is not given.
  std::optional<graph::Integers> integers(const std::string& attribute, std::size_t i) const;
  const proto::AttributeProto* find(const std::string& attribute) const;
  Tensor tensor(const std::string& attribute) const;
  /// An attribute that was never asked for; nothing where all were.
  std::optional<std::string> overlooked_attribute() const;

  void give(graph::Value value, std::size_t output = 0);
  void give(Array array, std::size_t output = 0);
  void give_item(Item item) { outputs_.at(0) = std::move(item); }
  /// An activation's value, by the name that a report calls it.
  void give_activation(graph::Value value, const std::string& report_name);

  /// Gives what another of ONNX's own operators, of these attributes, makes of x.
  void give_as(const proto::NodeProto& node, graph::Value x);

  [[noreturn]] void refuse(const std::string& why) const { throw Error(why); }

  std::size_t output_count() const { return outputs_.size(); }
  const std::vector<Item>& outputs() const { return outputs_; }

 private:
  const proto::NodeProto& node_;
  std::vector<Item> inputs_;
  const Network::Contents& contents_;
  Constants& constants_;
  std::vector<Item> outputs_;
  mutable std::set<std::string> asked_for_;  ///< attributes
};

using Rule = std::function<void(Call&)>;
using Rules = std::map<std::string, Rule>;

/// The rules by the operators' names, behind their domain where that is another than ONNX's own.
const Rules& rules();

void add_window_rules(Rules& rules);
void add_arithmetic_rules(Rules& rules);
void add_shaping_rules(Rules& rules);
void add_indexing_rules(Rules& rules);
void add_constant_rules(Rules& rules);
void add_normalisation_rules(Rules& rules);
void add_resizing_rules(Rules& rules);
void add_quantisation_rules(Rules& rules);
void add_recurrent_rules(Rules& rules);
void add_microsoft_rules(Rules& rules);
void add_attention_rules(Rules& rules);

/// x * sigmoid(alpha * x)
graph::Value sigmoid_gated(graph::Graph& graph, graph::Value x, double alpha);

/// 1 / sqrt(the mean of x^2 along axes + epsilon)
graph::Value inverse_root(graph::Graph& graph, graph::Value x, const graph::Integers& axes, double epsilon);

/// `x` at these places of an axis, as slices that are put together.
graph::Value take(graph::Graph& graph, graph::Value x, std::size_t axis, const graph::Integers& places);

}  // namespace whycam::onnx
