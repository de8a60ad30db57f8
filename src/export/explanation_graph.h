// A whole explanation as one graph, and the names that a file gives it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "formats/onnx/writer.h"
#include "graph/graph.h"
#include "torch/engine/engine.h"
#include "whycam/export.h"

namespace whycam::exporting {

/// What is exported.
struct Plan {
  std::shared_ptr<const network::Network> network;
  engine::Request request;  ///< its inputs' shapes count
  ExportedTarget target;
  std::vector<std::string> inputs, arguments;  ///< their names in the file
  std::string output;                          ///< the explained output's
  std::int64_t fixed_batch = 0;                ///< the number of examples that the network insists on; 0: any
};

Plan plan_of(const Model& model, const std::vector<torch::Tensor>& inputs, const Layer& layer,
             const AttributeOptions& options, const ExportedTarget& target);

/// The same request for another number of examples; its inputs and tensors that go along are filled by `fill`, which
/// gets a shape.
using Fill = std::function<torch::Tensor(torch::IntArrayRef shape)>;
engine::Request with_examples(const Plan& plan, std::int64_t examples, const Fill& fill);

/// The axis of the output that counts the classes; 1 where the network does not tell.
std::size_t class_axis(const Plan& plan, const graph::Forward& forward);

/// The explanation. Its outputs are called as in the file.
graph::Graph explanation_graph(const Plan& plan, const engine::Request& request);

/// The file's output for a part that has an input's extent: the method's name in C++, and the input's where there are
/// several.
std::string output_name(const Plan& plan, const methods::Part& part, std::size_t input);

/// Calls `visit` with each part that has an input's extent and the index of its input.
template <class Parts, class Visit>
void for_each_part(const Parts& parts, const Visit& visit) {
  std::map<Method, std::size_t> inputs;
  for (const auto& one : parts)
    if (!one.part.at_layer) visit(one, inputs[one.part.method]++);
}

/// Runs what was written beside the compiled engine, and gives the engine's warnings. Throws ModelError where they
/// differ.
std::vector<std::string> prove(const Plan& plan, const std::string& onnx);

}  // namespace whycam::exporting
