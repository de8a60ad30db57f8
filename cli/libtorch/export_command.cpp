// whycam export
#include <fmt/format.h>

#include <iostream>

#include "checksum.h"
#include "commands.h"
#include "libtorch/conversions.h"
#include "whycam/export.h"

namespace whycam::cli {

ExitCode export_network(const ExportArguments& arguments) {
  use_threads(arguments.threads);
  const AttributeOptions options = to_options(arguments.parse());
  const Tensor example = arguments.input.parse();
  const Model model = load_model(arguments.model);
  const torch::Tensor input = to_torch(example, model);
  const std::string layer = arguments.layer.empty() ? model.default_layer({input}) : arguments.layer;
  export_explanation(model, {input}, layer, arguments.output, options,
                     {{"whycam_source_crc32", checksum_of_network(arguments.model)}});
  if (!arguments.quiet)
    std::cout << fmt::format(
        "{} explains the layer {}; beside the network's inputs it takes target, one int64 an example\n",
        arguments.output, layer);
  return ExitCode::success;
}

}  // namespace whycam::cli
