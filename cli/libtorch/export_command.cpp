// whycam export
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <filesystem>
#include <iostream>

#include "checksum.h"
#include "commands.h"
#include "printable.h"
#include "whycam/export.h"

namespace whycam::cli {

ExitCode export_network(const ExportArguments& arguments) {
  use_threads(arguments.threads);
  const Options options = arguments.parse();
  std::error_code failure;
  if (std::filesystem::equivalent(arguments.model, arguments.output, failure))
    throw Failure(ExitCode::usage, "--output \"" + arguments.output + "\" is the network itself; name another file");
  auto model = load<Model>(arguments.model);
  if (arguments.before_softmax) model = model.before_softmax(options.output_element);
  std::vector<torch::Tensor> inputs;
  for (const Shape& shape : arguments.input.parse(model.inputs()))
    inputs.push_back(at::zeros(shape, model.floating_type() == torch::kDouble ? torch::kDouble : torch::kFloat));
  const std::string layer =
      arguments.layer.empty() ? model.default_layer(inputs, {}, options.output_element) : arguments.layer;
  export_explanation(model, inputs, layer, arguments.output, options,
                     {{"whycam_source_crc32", checksum_of_network(arguments.model)}});
  if (!arguments.quiet)
    std::cout << fmt::format(
        "{} explains the layer {}; beside the network's inputs it takes target, one int64 an example\n",
        printable(arguments.output), printable(layer));
  return ExitCode::success;
}

}  // namespace whycam::cli
