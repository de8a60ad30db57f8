#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "formats/pt2/program.h"

namespace whycam::pt2 {
namespace {

using Names = std::vector<std::string>;

/// What run_decompositions() makes of activations of one argument.
bool is_made_of(const std::string& function, const Names& ops) {
  static const std::multimap<std::string, Names> parts{
      {"silu", {"sigmoid", "mul"}},
      {"hardswish", {"add", "clamp", "clamp", "mul", "div"}},
      {"hardswish", {"add", "clamp_min", "clamp_max", "mul", "div"}},
      {"hardsigmoid", {"add", "clamp", "clamp", "div"}},
      {"hardsigmoid", {"add", "clamp_min", "clamp_max", "div"}},
  };
  const auto [begin, end] = parts.equal_range(function);
  return std::any_of(begin, end, [&](const auto& part) { return part.second == ops; });
}

void add_tensors(const Argument& argument, Names& names) {
  if (const auto* tensor = std::get_if<TensorName>(&argument.value)) names.push_back(tensor->name);
  if (const auto* list = std::get_if<std::vector<Argument>>(&argument.value))
    for (const Argument& element : *list) add_tensors(element, names);
}

Names tensors_read(const Node& node) {
  Names names;
  for (const auto& [name, input] : node.inputs) add_tensors(input, names);
  return names;
}

Names tensors_given(const Node& node) {
  Names names;
  for (const Argument& output : node.outputs) add_tensors(output, names);
  return names;
}

/// How many nodes from `begin` on belong to one call of a function.
std::size_t length_of_call(const std::vector<Node>& nodes, std::size_t begin) {
  std::size_t end = begin + 1;
  while (end < nodes.size() && !nodes[begin].function.empty() && nodes[end].function == nodes[begin].function) ++end;
  return end - begin;
}

class Recomposition {
 public:
  explicit Recomposition(const Program& program) {
    for (const Node& node : program.nodes)
      for (const std::string& tensor : tensors_read(node)) ++readers_[tensor];
    for (const ProgramOutput& output : program.outputs) {
      Names names;
      add_tensors(output.argument, names);
      for (const std::string& tensor : names) ++readers_[tensor];
    }
  }

  /// The one node that some are, where all that is between them stays between them.
  std::optional<Node> whole(const std::vector<Node>& nodes, std::size_t begin, std::size_t count) const {
    const std::string function = nodes[begin].function.substr(nodes[begin].function.rfind('.') + 1);
    Names ops;
    std::set<std::string> given, outside;
    std::map<std::string, int> read;
    for (std::size_t i = begin; i < begin + count; ++i) {
      ops.push_back(nodes[i].op);
      if (nodes[i].domain != "aten") return std::nullopt;
      for (const std::string& tensor : tensors_read(nodes[i])) {
        ++read[tensor];
        if (!given.count(tensor)) outside.insert(tensor);
      }
      for (const std::string& tensor : tensors_given(nodes[i])) given.insert(tensor);
    }
    const Node& last = nodes[begin + count - 1];
    const Names result = tensors_given(last);
    if (!is_made_of(function, ops) || outside.size() != 1 || result.size() != 1) return std::nullopt;
    for (const std::string& tensor : given)
      if (const auto readers = readers_.find(tensor);
          tensor != result[0] && readers != readers_.end() && readers->second != read[tensor])
        return std::nullopt;
    Node node = last;
    node.op = function;
    node.overload = "default";
    node.inputs = {{"self", {TensorName{*outside.begin()}}}};
    return node;
  }

 private:
  std::map<std::string, int> readers_;  ///< how often each tensor is read
};

}  // namespace

void recompose_activations(Program& program) {
  const Recomposition recomposition(program);
  std::vector<Node> nodes;
  for (std::size_t i = 0; i < program.nodes.size();) {
    const std::size_t count = length_of_call(program.nodes, i);
    const auto whole = count > 1 ? recomposition.whole(program.nodes, i, count) : std::nullopt;
    if (whole) nodes.push_back(*whole);
    if (!whole)
      nodes.insert(nodes.end(), program.nodes.begin() + static_cast<std::ptrdiff_t>(i),
                   program.nodes.begin() + static_cast<std::ptrdiff_t>(i + count));
    i += count;
  }
  program.nodes = std::move(nodes);
}

}  // namespace whycam::pt2
