// Follows the nodes of an exported program, for inputs of known shapes.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "formats/pt2/tensor_table.h"

namespace whycam::pt2 {

/// What is in a file, read and checked.
struct Contents;

class Follower {
 public:
  Follower(const Contents& contents, graph::Graph& graph) : contents_(contents), table_(graph) {}

  void add_lifted();
  graph::Value add_input(const std::string& name, const formats::Given& given);

  /// What cannot be followed is known as such, and so is all that reads it.
  void follow();

  /// A tensor as the network leaves it, or as it was when it was computed, which an operation in place may have changed
  /// since. no_value where it does not depend on the inputs. Throws Error, with the node, where it could not be
  /// followed.
  graph::Value final_value(const std::string& tensor);
  graph::Value first_value(const std::string& tensor);
  const std::vector<graph::Value>& perhaps_copies() const { return table_.perhaps_copies; }

 private:
  /// A reason that says where already.
  class Placed : public Error {
   public:
    using Error::Error;
  };

  void step(const Node& node);
  /// Of a node that could not be followed: its results are not known, nor is what it changes in place.
  void fail(const Node& node, const std::string& reason);
  /// The tensors of an argument, or what those that could not be followed may be views of.
  std::vector<TensorTable::Id> memories_of(const Argument& argument) const;
  void scalar_step(const Node& node);
  void call_step(const Node& node);
  bool size_step(const Node& node);
  bool fold(const Node& node, const std::string& op, bool in_place, const aten::Arguments& arguments,
            const aten::Call& call);
  bool asks_for_infinity(const Node& node, const std::string& op, const aten::Call& call);
  void name_known(const std::vector<std::string>& names, std::vector<known::Array> results);
  void fold_views(const Node& node, const std::string& op, const aten::Call& call, TensorTable::Id self);
  void give(const Node& node, const aten::Call& call, const aten::Arguments& arguments, bool in_place);
  void name_port(const std::string& name, TensorTable::Id id, const std::string& what);
  void name_tensor(const std::string& name, TensorTable::Id tensor);
  void name_number(const Node& node, aten::Argument number);
  aten::Arguments arranged(const Node& node, const std::string& op);
  aten::Argument argument(const Argument& argument);
  TensorTable::Id tensor(const std::string& name) const;
  void count_folded(std::size_t numbers);

  const Contents& contents_;
  TensorTable table_;
  std::unordered_map<std::string, TensorTable::Id> tensors_;
  std::unordered_map<std::string, aten::Argument> numbers_;
  std::unordered_map<std::string, graph::Value> first_;  ///< what tensors were when they were computed
  std::unordered_map<std::string, std::string> faults_;  ///< of what could not be followed
  std::unordered_map<std::string, std::vector<TensorTable::Id>> perhaps_views_of_;  ///< likewise
  std::size_t folded_ = 0;
};

}  // namespace whycam::pt2
