#include "whycam/export.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>

#include "export/explanation_graph.h"
#include "export/target_gradient.h"
#include "formats/torchscript/messages.h"
#include "torch/engine/compiled/lowering.h"
#include "torch/model/network.h"
#include "whycam/errors.h"
#include "whycam/interpolation.h"
#include "whycam/picture/files.h"
#include "whycam/version.h"

namespace whycam {
namespace {

torch::Tensor empty_shape(torch::IntArrayRef shape) { return at::zeros({1}, torch::kFloat).expand(shape); }

const char* name_of(Region::Kind region) {
  return region == Region::Kind::all ? "all" : region == Region::Kind::predicted ? "predicted" : "mask";
}

onnx::Writing writing_of(const exporting::Plan& plan, const graph::Graph& graph, const Layer& layer,
                         const AttributeOptions& options) {
  onnx::Writing writing;
  for (std::size_t i = 0; i < plan.inputs.size(); ++i) writing.inputs.push_back({graph::input_name(i), plan.inputs[i]});
  for (std::size_t i = 0; i < plan.arguments.size(); ++i)
    writing.inputs.push_back({graph::argument_name(i), plan.arguments[i]});
  if (plan.target.region == Region::Kind::mask) writing.inputs.emplace_back(exporting::mask_input, "mask");
  writing.one_hot = exporting::chosen_input;
  for (const graph::Output& output : graph.outputs()) writing.outputs.push_back({output.name, output.name});
  std::string methods;
  for (const Method method : options.methods()) methods += (methods.empty() ? "" : ", ") + std::string(title(method));
  writing.name = "explained by whycam";
  writing.version = version;
  writing.metadata = {{"whycam_version", version},
                      {"whycam_methods", methods},
                      {"whycam_layer", plan.network->name_of(layer)},
                      {"whycam_layer_side", options.attribute_to_layer_input() ? "input" : "output"},
                      {"whycam_explained_output", plan.output},
                      {"whycam_guided_rule", options.guided_rule() == GuidedRule::captum ? "captum" : "paper"},
                      {"whycam_guide_clipped_relus", options.guide_clipped_relus() ? "yes" : "no"},
                      {"whycam_interpolation", to_string(options.interpolate_mode())}};
  const ExportedTarget& target = plan.target;
  if (target.region) writing.metadata.emplace_back("whycam_region", name_of(*target.region));
  if (target.versus) writing.metadata.emplace_back("whycam_versus", std::to_string(*target.versus));
  if (target.against) writing.metadata.emplace_back("whycam_against", "yes");
  return writing;
}

std::string content_of(const exporting::Plan& plan, const Layer& layer, const AttributeOptions& options,
                       const std::vector<std::pair<std::string, std::string>>& metadata) {
  // Numbers of examples that are no extents of networks, so that what grows with the batch is told from what does not.
  const std::int64_t one = plan.fixed_batch > 0 ? plan.fixed_batch : 11, other = 13;
  const graph::Graph graph = explanation_graph(plan, with_examples(plan, one, empty_shape));
  onnx::Writing writing = writing_of(plan, graph, layer, options);
  writing.metadata.insert(writing.metadata.end(), metadata.begin(), metadata.end());
  if (plan.fixed_batch > 0) return onnx::to_onnx(graph, nullptr, writing);
  const graph::Graph larger = explanation_graph(plan, with_examples(plan, other, empty_shape));
  return onnx::to_onnx(graph, &larger, writing);
}

}  // namespace

std::vector<std::string> export_explanation(const Model& model, const std::vector<torch::Tensor>& inputs,
                                            const Layer& layer, const std::filesystem::path& path,
                                            const AttributeOptions& options,
                                            const std::vector<std::pair<std::string, std::string>>& metadata,
                                            const ExportedTarget& target) {
  const torch::NoGradGuard no_gradients;
  std::string content;
  std::vector<std::string> warnings;
  try {
    const exporting::Plan plan = exporting::plan_of(model, inputs, layer, options, target);
    content = content_of(plan, layer, options, metadata);
    warnings = exporting::prove(plan, content);
    const auto side = options.attribute_to_layer_input() ? network::LayerSide::input : network::LayerSide::output;
    for (std::string& warning : plan.network->warnings(plan.request.layers, side))
      warnings.push_back(std::move(warning));
  } catch (const Error&) {
    throw;
  } catch (const std::exception& reason) {
    torchscript::throw_if_out_of_memory(reason);
    throw ModelError("the network cannot be exported: " + torchscript::first_sentence(reason));
  }
  picture::write_file(path, picture::Bytes(content.begin(), content.end()));
  return warnings;
}

}  // namespace whycam
