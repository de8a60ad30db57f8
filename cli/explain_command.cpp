// whycam explain
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <optional>

#include "commands.h"
#include "results.h"
#include "targets.h"
#include "whycam/errors.h"
#include "whycam/guided_grad_cam.h"

namespace whycam::cli {
namespace {

AttributeOptions options_of(const ExplainArguments& arguments, const std::vector<Method>& methods) {
  AttributeOptions options;
  try {
    options.interpolate_mode(interpolation_named(arguments.interpolate)).engine(engine_named(arguments.engine));
  } catch (const InputError& error) {
    throw Failure(ExitCode::usage, error.what());
  }
  if (!fits(options.interpolate_mode(), 4))
    throw Failure(ExitCode::usage, "the mode " + arguments.interpolate + " does not fit pictures; use bilinear");
  if (arguments.guided_rule != "captum" && arguments.guided_rule != "paper")
    throw Failure(ExitCode::usage, "--guided-rule takes captum or paper, not \"" + arguments.guided_rule + "\"");
  return options.methods(methods)
      .guided_rule(arguments.guided_rule == "paper" ? GuidedRule::paper : GuidedRule::captum)
      .guide_clipped_relus(arguments.guide_clipped_relus)
      .attribute_to_layer_input(arguments.layer_input)
      .output_element(parse_output_element(arguments.output_element));
}

std::vector<Method> methods_of(const ExplainArguments& arguments) {
  std::vector<Method> methods;
  for (const std::string& name : arguments.methods) {
    const Method method = method_named(name);
    if (std::find(methods.begin(), methods.end(), method) == methods.end()) methods.push_back(method);
  }
  return methods;
}

/// One run over all inputs. A bad input is reported and passed over; what is finished stays.
class Run {
 public:
  explicit Run(const ExplainArguments& arguments)
      : arguments_(arguments),
        settings_{arguments, methods_of(arguments), {}, arguments.layer, arguments.output_dir},
        options_(options_of(arguments, settings_.methods)),
        preprocessing_(arguments.preprocessing.parse()) {
    if (!arguments.labels.empty()) settings_.labels = Labels(arguments.labels);
    for (const std::string& text : arguments.targets) targets_.push_back(parse_target(text, settings_.labels));
  }

  ExitCode go() {
    const std::vector<InputFile> files = find_inputs(arguments_.inputs);
    const Model model = load_model(arguments_.model);
    prepare_folder(settings_.folder);
    for (const InputFile& file : files) explain_or_report(model, file, files.size() > 1);
    if (explanations_.empty()) return first_failure_;
    const std::string text = document(settings_, explanations_, warnings_).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    write_text(settings_.folder / "explanation.json", text);
    if (arguments_.json)
      std::cout << text;
    else if (!arguments_.quiet)
      std::cout << fmt::format("{} pictures and explanation.json are in {}\n", pictures_, settings_.folder.string());
    return first_failure_;
  }

 private:
  void explain_or_report(const Model& model, const InputFile& file, bool several) {
    try {
      explain_one(model, read_input(file, preprocessing_));
    } catch (...) {
      const Failure failure = current_failure();
      // A fault of this one input is passed over among several; any other would meet the next input too.
      const bool of_the_input = failure.code() == ExitCode::input || failure.code() == ExitCode::network;
      if (!several || !of_the_input) throw failure;
      std::cerr << "whycam: skipped " << file.path.string() << ": " << failure.what() << "\n";
      if (first_failure_ == ExitCode::success) first_failure_ = failure.code();
    }
  }

  void explain_one(const Model& model, const Input& input) {
    if (!explainer_) {
      if (settings_.layer.empty()) {
        settings_.layer = model.default_layer({input.tensor});
        if (!arguments_.quiet && !arguments_.json)
          std::cout << "layer: " << settings_.layer << " (the last one with spatial extent; --layer chooses another)\n";
      }
      explainer_.emplace(model, settings_.layer);
    }
    const Explanation explanation = explainer_->explain(
        {input.tensor}, [this](const torch::Tensor& output) { return choose_targets(targets_, output); }, options_);
    const auto entries = write_results(settings_, input, explanation, names_);
    for (const auto& entry : entries) {
      pictures_ += entry["files"].contains("picture");
      explanations_.push_back(entry);
    }
    for (const std::string& warning : explanation.warnings) {
      if (std::find(warnings_.begin(), warnings_.end(), warning) != warnings_.end()) continue;
      warnings_.push_back(warning);
      if (!arguments_.quiet) std::cerr << "whycam: warning: " << warning << "\n";
    }
    if (!arguments_.quiet && !arguments_.json) std::cout << summary(settings_, input, explanation);
  }

  const ExplainArguments& arguments_;
  RunSettings settings_;
  AttributeOptions options_;
  picture::Preprocessing preprocessing_;
  std::vector<TargetChoice> targets_;
  std::optional<GuidedGradCam> explainer_;
  nlohmann::ordered_json explanations_ = nlohmann::ordered_json::array();
  std::vector<std::string> warnings_;
  UniqueNames names_;
  int pictures_ = 0;
  ExitCode first_failure_ = ExitCode::success;
};

}  // namespace

ExitCode explain(const ExplainArguments& arguments) {
  use_threads(arguments.threads);
  return Run(arguments).go();
}

}  // namespace whycam::cli
