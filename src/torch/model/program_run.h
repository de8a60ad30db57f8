// One run of an exported program.
#pragma once

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "formats/pt2/program.h"
#include "torch/model/network.h"

namespace whycam::network {

/// Follows the nodes of a program with libtorch's operators. For one thread and one run.
class ProgramRun {
 public:
  /// Tensors of the names `watched` are observed as they are computed, with `recorder`; nodes whose names are in
  /// `left_out` give their first argument.
  ProgramRun(const Recorder& recorder, const std::unordered_set<std::string>& watched,
             const std::unordered_set<std::string>& left_out)
      : recorder_(recorder), watched_(watched), left_out_(left_out) {}

  void set(const std::string& name, c10::IValue value);
  /// Throws formats::Error, with the node, for what cannot be run.
  void run(const std::vector<pt2::Node>& nodes);

  c10::IValue value(const std::string& name) const;
  /// What was observed of a tensor, and when; null where it was not computed or has no gradient.
  struct Observed {
    Observation observation;
    std::size_t when = 0;
  };
  const Observed* observed(const std::string& name) const;

 private:
  void step(const pt2::Node& node);
  bool says_size(const pt2::Node& node);
  void calculate(const pt2::Node& node);
  void branch(const pt2::Node& node);
  void repeat(const pt2::Node& node);
  std::vector<c10::IValue> called(const pt2::Node& node, const pt2::Argument& part,
                                  const std::vector<c10::IValue>& operands) const;
  bool is_true(const c10::IValue& value) const;
  std::vector<c10::IValue> values(const std::vector<pt2::Argument>& arguments) const;
  c10::IValue value_of(const pt2::Argument& argument) const;
  void give(const pt2::Node& node, const std::vector<c10::IValue>& results);

  const Recorder& recorder_;
  const std::unordered_set<std::string>&watched_, &left_out_;
  std::unordered_map<std::string, c10::IValue> values_;
  std::unordered_map<std::string, Observed> observed_;
};

}  // namespace whycam::network
