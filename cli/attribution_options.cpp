// What the options for attributions become.
#include <cstdlib>

#include "arguments.h"
#include "exit_code.h"
#include "whycam/errors.h"

namespace whycam::cli {

AttributionSettings AttributionArguments::parse() const {
  AttributionSettings settings;
  try {
    settings.interpolation = interpolation_named(interpolate);
    settings.engine = engine_named(engine);
    const char* environment = std::getenv("WHYCAM_ENGINE");
    const bool left_open = settings.engine == Engine::automatic && environment && *environment;
    require_engine(left_open ? engine_named(environment) : settings.engine);
  } catch (const InputError& error) {
    throw Failure(ExitCode::usage, error.what());
  }
  if (!fits(settings.interpolation, 4))
    throw Failure(ExitCode::usage, "the mode " + interpolate + " does not fit pictures; use bilinear");
  if (guided_rule != "captum" && guided_rule != "paper")
    throw Failure(ExitCode::usage, "--guided-rule takes captum or paper, not \"" + guided_rule + "\"");
  settings.guided_rule = guided_rule == "paper" ? GuidedRule::paper : GuidedRule::captum;
  settings.guide_clipped_relus = guide_clipped_relus;
  settings.layer_input = layer_input;
  settings.output_element = parse_output_element(output_element);
  return settings;
}

}  // namespace whycam::cli
