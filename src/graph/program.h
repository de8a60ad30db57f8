// A network's forward pass, and all that an explanation of it computes, as one graph.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "graph/differentiate.h"
#include "graph/passes.h"

namespace whycam::graph {

/// The forward pass as a graph.
struct Forward {
  Graph graph;
  std::vector<Value> inputs, arguments;
  Value output = no_value;                 ///< the one that is explained
  std::vector<Output> beside;              ///< the network's other outputs
  std::vector<std::vector<Value>> layers;  ///< [layer][tensor]
};

/// The gradient that the explanation starts from, of the output's shape: appended to the graph, and given.
using Seed = std::function<Value(Graph& graph, Value output)>;

/// A graph with these outputs: "output" and "layer.<layer>.<tensor>" in section 0; "layer_gradient.<layer>.<tensor>"
/// and "input_gradient.<rule>.<input>" in section 1. Its inputs are those of the forward pass, and "output_gradient",
/// or what `seed` makes.
/// Where the output does not depend on something, its gradient is no output. What is optional is done by optimise,
/// later. With `all_outputs`, those beside the explained one are outputs, too.
Graph program(const Forward& forward, const std::vector<ReluTreatment>& rules, bool all_outputs = false,
              const Seen& seen = {}, const Seed& seed = {});

/// What graphs of networks call their inputs, and those arguments that are tensors.
std::string input_name(std::size_t input);
std::string argument_name(std::size_t argument);
std::string layer_name(std::size_t layer, std::size_t tensor);
std::string layer_gradient_name(std::size_t layer, std::size_t tensor);
std::string input_gradient_name(std::size_t rule, std::size_t input);
constexpr int gradient_section = 1;

/// For each value, whether the explained output depends on it and it on an input.
std::vector<bool> between_output_and_inputs(const Forward& forward);

}  // namespace whycam::graph
