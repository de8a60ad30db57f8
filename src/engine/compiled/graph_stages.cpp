#include "whycam/graph.h"

#include "engine/compiled/program.h"
#include "graph/print.h"
#include "model/failure.h"
#include "model/inputs.h"
#include "model/network.h"
#include "whycam/errors.h"

namespace whycam {

std::vector<GraphStage> graph_stages(const Model& model, const std::vector<torch::Tensor>& inputs, const Layer& layer,
                                     const AttributeOptions& options) {
  network::check_inputs(inputs);
  engine::Request request;
  request.inputs = inputs;
  request.additional_forward_args = options.additional_forward_args();
  request.layers = {layer};
  request.layer_inputs = options.attribute_to_layer_input();
  request.output_element = options.output_element();
  std::vector<GraphStage> stages;
  const auto seen = [&](const char* pass, const graph::Graph& graph) {
    stages.push_back({pass, static_cast<std::size_t>(graph.size()), graph::to_string(graph)});
  };
  try {
    const engine::ReluRule rule{engine::ReluGradient::guided, options.guided_rule(), options.guide_clipped_relus()};
    graph::optimise(engine::program(engine::lower(*model.network(), request), {rule}, seen), seen);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& reason) {
    throw ModelError("the network cannot be compiled: " + network::first_sentence(reason));
  }
  return stages;
}

}  // namespace whycam
