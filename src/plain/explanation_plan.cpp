#include "plain/explanation_plan.h"

#include <algorithm>

#include "basics/doubts.h"
#include "plain/cannot_compile.h"
#include "plain/compiled.h"
#include "plain/onnx_network.h"
#include "whycam/errors.h"

namespace whycam::plain {

using graph::Value;

Request::Key Request::key() const {
  const bool at_layer = work().layers;
  return {inputs,
          at_layer ? layer : "",
          at_layer && options.attribute_to_layer_input,
          at_layer ? options.interpolation : Interpolation::nearest,
          {at_layer, work().guided, work().deconvolution},
          options.guided_rule,
          options.deconvolution_rule,
          options.guide_clipped_relus,
          options.output_element,
          onednn::thread_count()};
}

std::string ExplanationPlan::input_name(std::size_t input) { return graph::input_name(input); }
std::string ExplanationPlan::attribution_name(std::size_t tensor) { return "attribution." + std::to_string(tensor); }
std::string ExplanationPlan::upsampled_name(std::size_t input) { return "upsampled." + std::to_string(input); }

ExplanationPlan::ExplanationPlan(const onnx::Network& network, const Request& request) {
  const Options& options = request.options;
  if (request.work().guided)
    rules.push_back({basics::ReluGradient::guided, options.guided_rule, options.guide_clipped_relus});
  if (request.work().deconvolution)
    rules.push_back({basics::ReluGradient::deconvolution, options.deconvolution_rule, options.guide_clipped_relus});
  or_cannot_compile([&] { compile(network, request); }, [](const std::exception& reason) { return reason.what(); });
}

void ExplanationPlan::compile(const onnx::Network& network, const Request& request) {
  require_onednn();
  std::vector<onnx::Given> given;
  for (std::size_t i = 0; i < request.inputs.size(); ++i) given.push_back({input_name(i), request.inputs[i]});
  const std::vector<std::string> layers(request.work().layers ? 1 : 0, request.layer);
  const std::size_t output = chosen_output(network, request.options.output_element);
  const graph::Forward forward =
      forward_of(network, given, given.size(), output, layers, request.options.attribute_to_layer_input);
  report = activations(forward, request.options.guide_clipped_relus);
  output_shape = forward.graph.shape(forward.output);
  if (request.work().layers) find_attributions(forward, request);
  std::vector<graph::ReluTreatment> treatments;
  for (const basics::ReluRule& rule : rules) treatments.push_back(treatment(rule));
  graph::Graph graph = graph::program(forward, treatments);
  std::vector<graph::Output> outputs =
      request.work().layers ? add_grad_cam(graph, request) : std::vector<graph::Output>{};
  for (const graph::Output& one : graph.outputs())  // activations and their gradients need not be kept
    if (one.section != graph::layer_section && (one.section > 0 || one.name == "output")) outputs.push_back(one);
  graph.set_outputs(std::move(outputs));
  runs_.emplace(graph::optimise(graph));
}

void ExplanationPlan::find_attributions(const graph::Forward& forward, const Request& request) {
  const std::vector<Value>& tensors = forward.layers.at(0);
  if (tensors.empty()) throw CannotCompile("a layer that does not run");
  for (const Value tensor : tensors) {
    attributions.push_back(forward.graph.shape(tensor));
    basics::require_channels(attributions.back());
    attributions.back()[1] = 1;
  }
  for (const Shape& input : request.inputs) {
    const auto fit = std::find_if(attributions.begin(), attributions.end(), [&](const Shape& one) {
      return basics::can_be_resized(one, input, request.options.interpolation);
    });
    resized.push_back(fit == attributions.end() ? std::nullopt
                                                : std::optional(static_cast<std::size_t>(fit - attributions.begin())));
  }
}

/// Grad-CAM and what it becomes at the size of each input. What the output does not depend on has no node: it is read
/// as zeros.
std::vector<graph::Output> ExplanationPlan::add_grad_cam(graph::Graph& graph, const Request& request) const {
  std::vector<graph::Output> outputs;
  std::vector<Value> cams;
  for (std::size_t i = 0; i < attributions.size(); ++i) {
    const Value gradient = graph.output(graph::layer_gradient_name(0, i));
    cams.push_back(gradient == graph::no_value
                       ? gradient
                       : graph::grad_cam(graph, graph.output(graph::layer_name(0, i)), gradient));
    if (cams[i] != graph::no_value) outputs.push_back({attribution_name(i), cams[i], graph::layer_section});
  }
  if (outputs.empty()) throw CannotCompile("a layer that the output does not depend on");
  for (std::size_t i = 0; i < resized.size(); ++i) {
    if (!resized[i] || cams[*resized[i]] == graph::no_value) continue;
    const Shape space(request.inputs[i].begin() + 2, request.inputs[i].end());
    const Value upsampled = graph::resize(graph, cams[*resized[i]], space, resizing(request.options.interpolation));
    outputs.push_back({upsampled_name(i), upsampled, graph::layer_section});
  }
  return outputs;
}

}  // namespace whycam::plain
