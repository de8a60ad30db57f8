#include "export/explanation_graph.h"

#include <ATen/core/function_schema.h>

#include <algorithm>
#include <set>

#include "engine/compiled/program.h"
#include "graph/guided_grad_cam.h"
#include "model/failure.h"
#include "model/inputs.h"
#include "model/network.h"
#include "model/script.h"
#include "onnx/network.h"
#include "whycam/errors.h"
#include "whycam/interpolation.h"

namespace whycam::exporting {
namespace {

bool is_tensor(const c10::IValue& value) { return value.isTensor() && value.toTensor().defined(); }

void name_ports(Plan& plan) {
  std::size_t arguments = 0;
  for (const c10::IValue& argument : plan.request.additional_forward_args) arguments += is_tensor(argument);
  std::vector<std::string> names;
  if (const onnx::Network* onnx = plan.network->onnx()) {
    for (const onnx::Port& port : onnx->inputs()) names.push_back(port.name);
    if (!onnx->inputs()[0].shape.empty() && onnx->inputs()[0].shape[0] > 0)
      plan.fixed_batch = onnx->inputs()[0].shape[0];
    if (plan.request.output_element.empty()) plan.output = onnx->outputs()[0].name;
  } else if (const auto script =
                 plan.network->script(plan.request.layers, plan.request.layer_inputs ? network::LayerSide::input
                                                                                     : network::LayerSide::output)) {
    std::size_t place = 0;
    for (const c10::Argument& argument : script->schema.arguments()) {
      if (argument.name() == "self") continue;
      const std::size_t behind = place - std::min(place, plan.request.inputs.size());
      const bool is_argument = place >= plan.request.inputs.size();
      ++place;
      if (is_argument && (behind >= plan.request.additional_forward_args.size() ||
                          !is_tensor(plan.request.additional_forward_args[behind])))
        continue;
      names.push_back(argument.name());
    }
  } else {
    throw ModelError(
        "only TorchScript networks in evaluation mode that write nothing on themselves, and ONNX networks, can be "
        "exported");
  }
  if (names.size() < plan.request.inputs.size() + arguments)
    throw ModelError("the network takes " + std::to_string(names.size()) + " tensors, not " +
                     std::to_string(plan.request.inputs.size() + arguments));
  const auto first_argument = names.begin() + static_cast<std::ptrdiff_t>(plan.request.inputs.size());
  plan.inputs.assign(names.begin(), first_argument);
  plan.arguments.assign(first_argument, first_argument + static_cast<std::ptrdiff_t>(arguments));
  for (const std::string& name : plan.inputs) {
    const std::string behind = plan.inputs.size() == 1 ? "" : "_" + name;
    plan.parts.push_back({"guided_grad_cam" + behind, "grad_cam" + behind, "guided_backprop" + behind});
  }
}

}  // namespace

Plan plan_of(const Model& model, const std::vector<torch::Tensor>& inputs, const Layer& layer,
             const AttributeOptions& options) {
  network::check_inputs(inputs);
  Plan plan;
  plan.network = model.network();
  plan.request.inputs = inputs;
  plan.request.additional_forward_args = options.additional_forward_args();
  plan.request.layers = {layer};
  plan.request.layer_inputs = options.attribute_to_layer_input();
  plan.request.output_element = options.output_element();
  plan.request.rules = {{engine::ReluGradient::guided, options.guided_rule(), options.guide_clipped_relus()}};
  plan.request.engine = Engine::compiled;
  plan.interpolation = options.interpolate_mode();
  plan.output = "output";
  name_ports(plan);
  return plan;
}

engine::Request with_examples(const Plan& plan, std::int64_t examples, const Fill& fill) {
  engine::Request request = plan.request;
  const std::int64_t given = plan.request.inputs[0].size(0);
  const auto shape_of = [&](const torch::Tensor& tensor) {
    std::vector<std::int64_t> shape = tensor.sizes().vec();
    shape[0] = examples;
    return shape;
  };
  for (torch::Tensor& input : request.inputs) input = fill(shape_of(input));
  for (c10::IValue& argument : request.additional_forward_args)
    if (is_tensor(argument) && argument.toTensor().dim() > 0 && argument.toTensor().size(0) == given) {
      const torch::Tensor& tensor = argument.toTensor();
      const torch::Tensor row = tensor.slice(0, 0, 1);  // rows that are known to suit the network
      argument = row.expand(shape_of(tensor)).contiguous();
    }
  return request;
}

std::optional<std::size_t> tensor_for(const Plan& plan, const std::vector<graph::Shape>& tensors, std::size_t input) {
  const torch::Tensor& to = plan.request.inputs[input];
  const auto chosen = plan.request.layers[0].index();
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (chosen && static_cast<std::int64_t>(i) != *chosen) continue;
    if (static_cast<std::int64_t>(tensors[i].size()) == to.dim() && fits(plan.interpolation, to.dim())) return i;
  }
  return std::nullopt;
}

namespace {

std::string cannot_be_resized(const Plan& plan, const std::vector<graph::Shape>& tensors) {
  std::string shapes;
  for (const graph::Shape& shape : tensors) shapes += (shapes.empty() ? "" : " and ") + network::shape_text(shape);
  return "the layer gives " + (shapes.empty() ? "nothing" : shapes) + ", which cannot be resized to an input of " +
         network::shape_text(plan.request.inputs[0].sizes()) + " by the mode " + to_string(plan.interpolation);
}

}  // namespace

graph::Graph explanation_graph(const Plan& plan, const engine::Request& request) {
  using graph::Operator;
  using graph::Value;
  const engine::Lowered lowered = engine::lower(*plan.network, request);
  std::vector<graph::Shape> tensors;
  for (const Value tensor : lowered.layers.at(0)) tensors.push_back(lowered.graph.shape(tensor));
  graph::Graph graph = graph::program(lowered, {engine::treatment(plan.rule())}, /*all_outputs=*/true);
  std::vector<graph::Output> outputs{{plan.output, graph.output("output")}};
  for (const graph::Output& output : lowered.beside) outputs.push_back({output.name, graph.output(output.name)});
  bool any = false;
  for (std::size_t i = 0; i < plan.inputs.size(); ++i) {
    const Value guided = graph.output(graph::input_gradient_name(0, i));
    if (guided == graph::no_value)
      throw ModelError("the explained output does not depend on the input \"" + plan.inputs[i] + "\"");
    outputs.push_back({plan.parts[i].guided_backprop, guided});
    const auto tensor = tensor_for(plan, tensors, i);
    if (!tensor) continue;
    any = true;
    const Value gradient = graph.output(graph::layer_gradient_name(0, *tensor));
    if (gradient == graph::no_value)
      throw LayerError("the explained output does not depend on the layer \"" +
                       plan.network->name_of(request.layers[0]) + "\"");
    const graph::Shape to = request.inputs[i].sizes().vec();
    const Value cam =
        graph::resize(graph, graph::grad_cam(graph, graph.output(graph::layer_name(0, *tensor)), gradient),
                      {to.begin() + 2, to.end()}, plain::resizing(plan.interpolation));
    outputs.push_back({plan.parts[i].guided_grad_cam, graph.binary(Operator::multiply, guided, cam)});
    outputs.push_back({plan.parts[i].grad_cam, cam});
  }
  if (!any) throw LayerError(cannot_be_resized(plan, tensors));
  graph.set_outputs(std::move(outputs));
  return graph::drop_dead(graph::share(graph));
}

}  // namespace whycam::exporting
