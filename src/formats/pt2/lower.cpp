// An exported program as a graph, for inputs of known shapes.
#include <map>

#include "formats/aten/perhaps_copies.h"
#include "formats/pt2/contents.h"
#include "formats/pt2/follower.h"
#include "formats/pt2/network.h"
#include "graph/finite.h"

namespace whycam::pt2 {
namespace {

using formats::Given;
using formats::Lowered;
using formats::Port;
using graph::Value;

std::string text_of(const Program& program, const TensorMeta& meta) {
  std::string text;
  for (std::size_t d = 0; d < meta.sizes.size(); ++d) {
    std::string extent = std::to_string(meta.sizes[d]);
    if (meta.sizes[d] < 0) {
      extent = "any";
      const auto range = program.ranges.find(meta.symbols[d]);
      constexpr std::int64_t large = graph::largest_extent;
      if (range != program.ranges.end() && range->second.most < large)
        extent = "up to " + std::to_string(range->second.most);
    }
    text += (d ? " x " : "") + extent;
  }
  return text;
}

/// The extents that symbols stand for: the same symbol for the same extent, within its range.
class Symbols {
 public:
  explicit Symbols(const Program& program) : program_(program) {}

  bool fit(const TensorMeta& meta, const graph::Shape& shape) {
    bool fits = meta.sizes.size() == shape.size();
    for (std::size_t d = 0; fits && d < shape.size(); ++d)
      fits = meta.sizes[d] < 0 ? fits_symbol(meta.symbols[d], shape[d]) : meta.sizes[d] == shape[d];
    return fits;
  }

 private:
  bool fits_symbol(const std::string& symbol, std::int64_t extent) {
    const auto range = program_.ranges.find(symbol);
    if (range == program_.ranges.end()) return true;  // an expression of others, which the program computes itself
    // As in PyTorch, a least extent of 2 only says that the example had another one than 0 and 1.
    if (extent > range->second.most || (range->second.least > 2 && extent < range->second.least)) return false;
    return bound_.emplace(symbol, extent).first->second == extent;
  }

  const Program& program_;
  std::map<std::string, std::int64_t> bound_;
};

/// Weights that are no numbers would be explained as if they were: oneDNN's ReLUs make NaN to 0.
void check_numbers(const graph::Graph& graph) {
  for (Value value = 0; value < graph.size(); ++value) {
    const graph::Node& node = graph[value];
    if (node.op != graph::Operator::constant || !node.constant.holds_floats()) continue;
    if (!graph::all_finite(node.constant, graph::element_count(node.shape)))
      throw Error("the tensor \"" + node.name + "\" holds NaN or infinity");
  }
}

/// Of each output; which are left out is said.
void take_outputs(const Contents& contents, Follower& follower, Lowered& lowered) {
  for (const ProgramOutput& output : contents.program.outputs) {
    lowered.outputs.push_back(graph::no_value);
    lowered.faults.emplace_back();
    try {
      lowered.outputs.back() = follower.final_value(std::get<TensorName>(output.argument.value).name);
    } catch (const Error& reason) {
      lowered.faults.back() = reason.what();
    }
  }
}

void take_layer(const Contents& contents, const std::string& layer, const formats::Wanted& wanted, Follower& follower,
                Lowered& lowered) {
  const FoundLayer found = find_layer(contents, layer, wanted.layer_inputs);
  if (!found.is_known) throw Error("the network has no module or tensor \"" + layer + "\"");
  if (!found.fault.empty()) throw Error(found.fault);
  std::vector<Value> values;
  try {
    for (const std::string& tensor : found.tensors)
      if (const Value value = follower.first_value(tensor); value != graph::no_value) values.push_back(value);
  } catch (const Error&) {
    if (wanted.output) throw;
    values.clear();
  }
  lowered.layers.push_back(std::move(values));
}

}  // namespace

void check_inputs(const Contents& contents, const std::vector<Given>& given) {
  const Program& program = contents.program;
  if (given.size() != contents.inputs.size()) {
    std::string names;
    for (const Port& input : contents.inputs) names += (names.empty() ? "\"" : ", \"") + input.name + "\"";
    throw Error("the network takes " + std::to_string(contents.inputs.size()) + " inputs (" + names + "), not " +
                std::to_string(given.size()));
  }
  Symbols symbols(program);
  for (std::size_t i = 0; i < given.size(); ++i) {
    const Port& input = contents.inputs[i];
    if (!graph::is_sound(given[i].shape)) throw Error("an input of the shape " + graph::to_string(given[i].shape));
    if (input.is_float && given[i].integers)
      throw Error("the input \"" + input.name + "\" takes floating-point numbers");
    if (!input.is_float && !given[i].integers)
      throw Error("the input \"" + input.name + "\" takes no floating-point numbers; only those have gradients");
    const TensorMeta& meta = program.tensors.at(input.name);
    if (!symbols.fit(meta, given[i].shape))
      throw Error("the input \"" + input.name + "\" is to be of " + text_of(program, meta) + ", not of " +
                  graph::to_string(given[i].shape));
  }
}

Lowered Network::lower(const std::vector<Given>& inputs, const formats::Wanted& wanted) const {
  check_inputs(*contents_, inputs);
  Lowered lowered;
  Follower follower(*contents_, lowered.graph);
  follower.add_lifted();
  for (std::size_t i = 0; i < inputs.size(); ++i)
    lowered.inputs.push_back(follower.add_input(contents_->inputs[i].name, inputs[i]));
  follower.follow();
  check_numbers(lowered.graph);
  take_outputs(*contents_, follower, lowered);
  formats::require_outputs(lowered, wanted.output);
  for (const std::string& layer : wanted.layers) take_layer(*contents_, layer, wanted, follower, lowered);
  try {
    aten::require_no_difference(lowered.graph, follower.perhaps_copies(), lowered.layers);
  } catch (const aten::CannotCompile& reason) {
    throw Error(std::string("aten.contiguous: ") + reason.what());
  }
  return lowered;
}

}  // namespace whycam::pt2
