// Follows the nodes of an ONNX network, for inputs of known shapes.
#pragma once

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "formats/onnx/rules.h"

namespace whycam::onnx {

/// Which nodes of a graph these tensors need.
std::vector<bool> needed(const proto::GraphProto& graph, std::unordered_set<std::string> tensors);

class Follower {
 public:
  Follower(const Network::Contents& contents, Lowered& lowered)
      : contents_(contents), graph_(lowered.graph), constants_(lowered.graph) {}

  void add_inputs(const std::vector<Given>& inputs, Lowered& lowered);

  /// What cannot be followed is known as such, and so is all that reads it.
  void follow_network(const std::vector<bool>& wanted);

  /// A layer's or the network's tensor as a value, where it depends on the inputs; else no_value. Throws Error, with
  /// the node, where it could not be followed.
  graph::Value value_of(const std::string& tensor);

 private:
  /// A reason that says where already.
  class Placed : public Error {
   public:
    using Error::Error;
  };

  Item item(const std::string& name);
  Item item_of(const Tensor& tensor, const std::string& name);
  void follow(const proto::NodeProto& node);
  void step(const proto::NodeProto& node);
  void check_attributes(const Call& call) const;
  void keep(const proto::NodeProto& node, const Call& call);
  bool fold_into(Call& call);
  static FoldAttributes fold_attributes(const Call& call);
  void count_folded(std::size_t numbers);
  bool fold_old_slice(Call& call, const Array& x);

  // Graphs within nodes.
  void follow_inner(const proto::GraphProto& graph);
  /// What goes from one round of a loop to the next, and what is kept of each.
  struct Rounds {
    std::vector<Item> state;
    std::vector<std::vector<Item>> stacks;
  };
  void run_round(const proto::GraphProto& body, int first_state, Rounds& rounds);
  void give_rounds(const proto::NodeProto& node, const Rounds& rounds);
  void count_steps(const proto::NodeProto& node);
  void branch(const proto::NodeProto& node, const Call& call);
  void loop(const proto::NodeProto& node, const Call& call);
  void scan(const proto::NodeProto& node, const Call& call);
  bool known_condition(const std::string& tensor);
  graph::Value to_value(const Item& item);
  Item stacked(const std::vector<Item>& items);
  Item part(const Item& item, std::int64_t index);

  const Network::Contents& contents_;
  graph::Graph& graph_;
  Constants constants_;
  std::int64_t operator_set_ = 0;  ///< that the node at hand is of
  std::size_t folded_ = 0, steps_ = 0;
  std::unordered_map<const proto::TensorProto*, Item> inner_tensors_;
  std::unordered_map<std::string, Item> known_;
  std::unordered_map<std::string, std::string> faults_;  ///< of tensors that could not be followed
};

}  // namespace whycam::onnx
