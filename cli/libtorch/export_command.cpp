// whycam export
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <filesystem>
#include <iostream>

#include "checksum.h"
#include "commands.h"
#include "printable.h"
#include "whycam/export.h"
#include "whycam/weight_files.h"

namespace whycam::cli {
namespace {

/// What is written must be no file of the network's. Throws Failure.
void require_other_file(const ExportArguments& arguments) {
  std::vector<std::filesystem::path> files = weight_files(arguments.model);
  files.push_back(arguments.model);
  std::error_code failure;
  for (const std::filesystem::path& file : files)
    if (std::filesystem::equivalent(file, arguments.output, failure))
      throw Failure(ExitCode::usage, "--output \"" + arguments.output + "\" is " +
                                         (file == arguments.model ? "the network itself" : "where its weights are") +
                                         "; name another file");
}

ExportedTarget target_of(const ExportArguments& arguments) {
  ExportedTarget target;
  target.against = arguments.against;
  if (arguments.versus.size() > 18)  // digits alone, as was checked
    throw Failure(ExitCode::target, "--versus: there is no class " + arguments.versus);
  if (!arguments.versus.empty()) target.versus = std::stoll(arguments.versus);
  if (arguments.region.empty()) return target;
  if (arguments.region == "all")
    target.region = Region::Kind::all;
  else if (arguments.region == "predicted")
    target.region = Region::Kind::predicted;
  else if (arguments.region == "mask")
    target.region = Region::Kind::mask;
  else
    throw Failure(ExitCode::usage, "--region of export is all, predicted or mask, not \"" + arguments.region +
                                       "\"; a mask is given to the file that is written, beside the picture");
  return target;
}

}  // namespace

ExitCode export_network(const ExportArguments& arguments) {
  use_threads(arguments.threads);
  const ExportedTarget target = target_of(arguments);
  const Options options = arguments.parse();
  auto model = load<Model>(arguments.model);
  require_other_file(arguments);
  if (arguments.before_softmax) model = model.before_softmax(options.output_element);
  std::vector<torch::Tensor> inputs;
  for (const Shape& shape : arguments.input.parse(model.inputs()))
    inputs.push_back(at::zeros(shape, model.floating_type() == torch::kDouble ? torch::kDouble : torch::kFloat));
  const std::string layer =
      arguments.layer.empty() ? model.default_layer(inputs, {}, options.output_element) : arguments.layer;
  const std::vector<std::string> warnings =
      export_explanation(model, inputs, layer, arguments.output, options,
                         {{"whycam_source_crc32", checksum_of_network(arguments.model)}}, target);
  if (arguments.quiet) return ExitCode::success;
  for (const std::string& warning : warnings) warn(warning);
  std::cout << fmt::format(
      "{} explains the layer {}; beside the network's inputs it takes target, one int64 an example{}\n",
      printable(arguments.output), printable(layer),
      target.region == Region::Kind::mask ? ", and mask, N x the output's space" : "");
  return ExitCode::success;
}

}  // namespace whycam::cli
