#include "whycam/graph.h"

#include "explain/explanation_plan.h"
#include "formats/torchscript/messages.h"
#include "torch/engine/compiled/lowering.h"
#include "torch/model/inputs.h"
#include "torch/model/network.h"
#include "whycam/errors.h"

namespace whycam {

std::vector<GraphStage> graph_stages(const Model& model, const std::vector<torch::Tensor>& inputs, const Layer& layer,
                                     const AttributeOptions& options) {
  network::check_inputs(inputs);
  const engine::Request request = engine::request_of(*model.network(), inputs, {layer}, options);
  try {
    return explain::stages_of(engine::lower(*model.network(), request), request.settings);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& reason) {
    torchscript::throw_if_out_of_memory(reason);
    throw ModelError("the network cannot be compiled: " + torchscript::first_sentence(reason));
  }
}

}  // namespace whycam
