// What the options for attributions become.
#include "arguments.h"
#include "exit_code.h"
#include "whycam/errors.h"

namespace whycam::cli {

AttributeOptions AttributionArguments::parse() const {
  AttributeOptions options;
  try {
    options.interpolate_mode(interpolation_named(interpolate)).engine(engine_named(engine));
  } catch (const InputError& error) {
    throw Failure(ExitCode::usage, error.what());
  }
  if (!fits(options.interpolate_mode(), 4))
    throw Failure(ExitCode::usage, "the mode " + interpolate + " does not fit pictures; use bilinear");
  if (guided_rule != "captum" && guided_rule != "paper")
    throw Failure(ExitCode::usage, "--guided-rule takes captum or paper, not \"" + guided_rule + "\"");
  return options.guided_rule(guided_rule == "paper" ? GuidedRule::paper : GuidedRule::captum)
      .guide_clipped_relus(guide_clipped_relus)
      .attribute_to_layer_input(layer_input)
      .output_element(parse_output_element(output_element));
}

}  // namespace whycam::cli
