#include "export/explanation_graph.h"

#include <ATen/core/function_schema.h>

#include <algorithm>
#include <set>

#include "explain/explanation_graph.h"
#include "export/target_gradient.h"
#include "formats/format.h"
#include "formats/torchscript/call_stack.h"
#include "formats/torchscript/script.h"
#include "methods/layouts.h"
#include "methods/repeated.h"
#include "torch/engine/compiled/lowering.h"
#include "torch/model/inputs.h"
#include "torch/model/network.h"
#include "whycam/errors.h"

namespace whycam::exporting {
namespace {

bool is_tensor(const c10::IValue& value) { return value.isTensor() && value.toTensor().defined(); }

/// What the script calls its inputs, and those additional arguments that are tensors.
std::vector<std::string> names_of_script(const engine::Request& request, const network::RunnableNetwork& network) {
  const auto script =
      network.script(request.layers, request.layer_inputs ? network::LayerSide::input : network::LayerSide::output);
  if (!script)
    throw ModelError(
        "only ONNX and .pt2 networks, and TorchScript networks in evaluation mode that write nothing on themselves, "
        "can "
        "be exported");
  std::vector<std::string> names;
  const auto& parameters = script->schema.arguments();
  std::size_t next = 1;  // behind self
  for (const std::size_t count : torchscript::inputs_per_parameter(script->schema, request.inputs.size())) {
    if (next == parameters.size()) break;
    const std::string& name = parameters[next++].name();
    for (std::size_t i = 0; i < count; ++i) names.push_back(count == 1 ? name : name + "_" + std::to_string(i));
  }
  for (const c10::IValue& argument : request.additional_forward_args) {
    if (next == parameters.size()) break;
    const std::string& name = parameters[next++].name();
    if (is_tensor(argument)) names.push_back(name);
  }
  return names;
}

void name_ports(Plan& plan) {
  std::size_t arguments = 0;
  for (const c10::IValue& argument : plan.request.additional_forward_args) arguments += is_tensor(argument);
  std::vector<std::string> names;
  if (const auto* of_file = dynamic_cast<const network::FileNetwork*>(plan.network.get())) {
    const formats::NetworkFile& file = of_file->file();
    for (const formats::Port& port : file.inputs()) names.push_back(port.name);
    if (!file.inputs()[0].shape.empty() && file.inputs()[0].shape[0] > 0) plan.fixed_batch = file.inputs()[0].shape[0];
    if (plan.request.output_element.empty()) plan.output = file.outputs()[0].name;
  } else {
    names = names_of_script(plan.request, dynamic_cast<const network::RunnableNetwork&>(*plan.network));
  }
  if (names.size() < plan.request.inputs.size() + arguments)
    throw ModelError("the network takes " + std::to_string(names.size()) + " tensors, not " +
                     std::to_string(plan.request.inputs.size() + arguments));
  const auto first_argument = names.begin() + static_cast<std::ptrdiff_t>(plan.request.inputs.size());
  plan.inputs.assign(names.begin(), first_argument);
  plan.arguments.assign(first_argument, first_argument + static_cast<std::ptrdiff_t>(arguments));
}

}  // namespace

Plan plan_of(const Model& model, const std::vector<torch::Tensor>& inputs, const Layer& layer,
             const AttributeOptions& options, const ExportedTarget& target) {
  network::check_inputs(inputs);
  if (methods::is_repeated(options.options()))
    throw InputError(
        "integrated gradients and means over noisy inputs take many passes, and an exported network is one: export the "
        "gradient, and take these where it runs");
  if (options.merge() != Merge::none || options.layer_values())
    throw InputError(
        "an exported explanation is of one layer, whose values stay inside: leave out merge and layer_values");
  Plan plan;
  plan.target = target;
  plan.network = model.network();
  plan.request = engine::request_of(*plan.network, inputs, {layer}, options);
  plan.request.engine = Engine::compiled;
  if (plan.request.settings.need_layers()) plan.request.settings.layer_names = {plan.network->name_of(layer)};
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

std::string output_name(const Plan& plan, const methods::Part& part, std::size_t input) {
  return methods::identifier(part.method) + (plan.inputs.size() == 1 ? "" : "_" + plan.inputs[input]);
}

std::size_t class_axis(const Plan& plan, const graph::Forward& forward) {
  const methods::Settings& settings = plan.request.settings;
  return methods::find_layouts(forward, settings.layer_layout, settings.input_layout).class_axis.value_or(1);
}

graph::Graph explanation_graph(const Plan& plan, const engine::Request& request) {
  const graph::Forward lowered = engine::lower(*plan.network, request);
  explain::ExplanationGraph explanation = explain::explanation_graph(
      lowered, request.settings, /*all_outputs=*/true, {}, target_gradient(plan.target, class_axis(plan, lowered)));
  graph::Graph& graph = explanation.graph;
  std::vector<graph::Output> outputs{{plan.output, graph.output("output")}};
  for (const graph::Output& output : lowered.beside) outputs.push_back({output.name, graph.output(output.name)});
  bool heat_maps = false, resized = false;
  for_each_part(explanation.parts.nodes, [&](const methods::PartNode& node, std::size_t input) {
    heat_maps = heat_maps || is_heat_map(node.part.method);
    if (node.shape == graph::Shape{0}) return;
    if (node.value == graph::no_value)
      throw ModelError("the explained output does not depend on the input \"" + plan.inputs[input] +
                       "\", or not on what the layer gives for it");
    resized = resized || is_heat_map(node.part.method);
    outputs.push_back({output_name(plan, node.part, input), node.value});
  });
  if (heat_maps && !resized) throw LayerError(explanation.parts.warnings.back().message);
  graph.set_outputs(std::move(outputs));
  return graph::drop_dead(graph::share(graph));
}

}  // namespace whycam::exporting
