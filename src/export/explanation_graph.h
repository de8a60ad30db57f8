// A whole explanation as one graph, and the names that a file gives it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "graph/graph.h"
#include "onnx/writer.h"

namespace whycam::exporting {

/// How the parts of an explanation of one input are called.
struct PartNames {
  std::string guided_grad_cam, grad_cam, guided_backprop;
};

/// What is exported.
struct Plan {
  std::shared_ptr<const network::Network> network;
  engine::Request request;  ///< its inputs' shapes count
  Interpolation interpolation = Interpolation::nearest;
  std::vector<std::string> inputs, arguments;  ///< their names in the file
  std::string output;                          ///< the explained output's
  std::vector<PartNames> parts;                ///< of each input
  std::int64_t fixed_batch = 0;                ///< the number of examples that the network insists on; 0: any

  const engine::ReluRule& rule() const { return request.rules.at(0); }
};

Plan plan_of(const Model& model, const std::vector<torch::Tensor>& inputs, const Layer& layer,
             const AttributeOptions& options);

/// The same request for another number of examples; its inputs and tensors that go along are filled by `fill`, which
/// gets a shape.
using Fill = std::function<torch::Tensor(torch::IntArrayRef shape)>;
engine::Request with_examples(const Plan& plan, std::int64_t examples, const Fill& fill);

/// Forward pass, gradients, Grad-CAM, its resizing and the products. Its outputs are called as in the file.
graph::Graph explanation_graph(const Plan& plan, const engine::Request& request);

/// The layer's tensor that is resized to an input: the first that can be, or the chosen one; nothing where none can be.
std::optional<std::size_t> tensor_for(const Plan& plan, const std::vector<graph::Shape>& tensors, std::size_t input);

/// Runs what was written beside the compiled engine. Throws ModelError where they differ.
void prove(const Plan& plan, const std::string& onnx);

}  // namespace whycam::exporting
