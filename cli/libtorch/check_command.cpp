// whycam check
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <iostream>
#include <optional>

#include "commands.h"
#include "inputs.h"
#include "labels.h"
#include "libtorch/check_plot.h"
#include "manifest.h"
#include "output_folder.h"
#include "printable.h"
#include "results.h"
#include "targets.h"
#include "tensor.h"
#include "whycam/guided_grad_cam.h"
#include "whycam/picture/image.h"
#include "whycam/picture/tensor.h"
#include "whycam/trust.h"
#include "whycam/version.h"

namespace whycam::cli {
namespace {

std::string number(double value) { return std::isnan(value) ? "  none" : fmt::format("{:6.3f}", value); }

/// Null where two maps cannot be compared.
Json json_of(double value) { return std::isnan(value) ? Json(nullptr) : Json(value); }

Json json_of(const MethodSimilarity& similarity) {
  Json all = Json::object();
  for (const auto& [method, one] : similarity)
    all[to_string(method)] = {{"rank_correlation", json_of(one.rank_correlation)},
                              {"rank_correlation_of_magnitudes", json_of(one.rank_correlation_of_magnitudes)},
                              {"structural_similarity", json_of(one.structural_similarity)}};
  return all;
}

Json json_of(const PixelCurves& curves, Measure measure) {
  const char* numbers = measure == Measure::score ? "scores" : "probabilities";
  const auto one = [&](const PixelCurve& curve) {
    Json values = Json::array();
    for (const double value : curve.probabilities) values.push_back(number_in_json(value));
    return Json{{"area", number_in_json(curve.area)}, {numbers, values}};
  };
  Json all = Json::object();
  for (const auto& [method, curve] : curves.methods) all[to_string(method)] = one(curve);
  if (!curves.random.probabilities.empty()) all["random"] = one(curves.random);
  return all;
}

Measure measure_named(const std::string& name) {
  if (name == "auto") return Measure::automatic;
  if (name == "softmax") return Measure::softmax;
  if (name == "score") return Measure::score;
  throw Failure(ExitCode::usage, "--measure takes auto, softmax or score, not \"" + name + "\"");
}

/// A number of a class by this measure, as JSON and tables call it.
const char* name_of(Measure measure) { return measure == Measure::score ? "score" : "probability"; }

/// An earlier run's would be taken for this one's.
void remove_plot(const std::filesystem::path& path) {
  std::error_code failure;
  std::filesystem::remove(path, failure);
  if (failure) throw OutputError("cannot remove \"" + path.string() + "\": " + failure.message());
}

class Check {
 public:
  Check(const CheckArguments& arguments, Labels labels) : arguments_(arguments), labels_(std::move(labels)) {}

  void run(const Model& model, const torch::Tensor& input) {
    TrustOptions options;
    options.attribute = arguments_.parse();
    options.measure = measure_named(arguments_.measure);
    options.other_classes = arguments_.other_classes;
    options.randomisation_steps = arguments_.randomisation_steps;
    options.pixel_steps = arguments_.pixel_steps;
    options.seed = arguments_.seed;
    layer_ = arguments_.layer.empty() ? model.default_layer({input}, {}, options.attribute.output_element())
                                      : arguments_.layer;
    report_ = check_trust(model, layer_, input, target_of(model, input, options.attribute), options);
  }

  const TrustReport& report() const { return report_; }

  Json document() const {
    const char* const measured = name_of(report_.measure);
    Json classes = Json::array(), steps = Json::array();
    for (const ClassSensitivity& one : report_.classes)
      classes.push_back({{"class", one.other_class},
                         {"label", label(one.other_class)},
                         {measured, number_in_json(one.probability)},
                         {"similarity", json_of(one.similarity)}});
    for (const RandomisationStep& one : report_.randomisation)
      steps.push_back({{"modules", one.modules},
                       {measured, number_in_json(one.probability)},
                       {"similarity", json_of(one.similarity)}});
    const Explanation& explanation = report_.explanation;
    return {{"whycam", version},
            {"model", arguments_.model},
            {"input", arguments_.input},
            {"layer", layer_},
            {"class", report_.target},
            {"label", label(report_.target)},
            {measured, number_in_json(report_.probability)},
            {"measure", report_.measure == Measure::softmax ? "softmax" : measured},
            {"interpolation", arguments_.interpolate},
            {"guided_rule", arguments_.guided_rule},
            {"seed", arguments_.seed},
            {"engine", explanation.engine},
            {"why_not_compiled", explanation.why_not_compiled},
            {"relus_guided", explanation.activations.relus_guided},
            {"activations_not_guided", explanation.activations.not_guided},
            {"warnings", explanation.warnings},
            {"left_out", report_.left_out},
            {"other_classes", classes},
            {"cascading_randomisation", steps},
            {"fractions", report_.fractions},
            {"insertion", json_of(report_.insertion, report_.measure)},
            {"deletion", json_of(report_.deletion, report_.measure)}};
  }

  void print() const {
    std::cout << fmt::format("{}: class {} with {} {:.4f}, layer {}\n", printable(arguments_.input),
                             shown(report_.target), name_of(report_.measure), report_.probability, printable(layer_));
    print_measure();
    print_activations();
    if (!report_.classes.empty()) print_classes();
    if (!report_.randomisation.empty()) print_randomisation();
    if (!report_.fractions.empty()) print_pixels();
    for (const std::string& reason : report_.left_out) std::cout << "left out: " << printable(reason) << "\n";
  }

 private:
  std::int64_t target_of(const Model& model, const torch::Tensor& input, AttributeOptions attribute) const {
    const TargetChoice choice = parse_target(arguments_.target, labels_);
    if (const auto* top = std::get_if<Top>(&choice.what); top && top->count != 1)
      throw Failure(ExitCode::target, "the check looks at one class; --target takes a number, a label or top1, not \"" +
                                          arguments_.target + "\"");
    if (choice.against)
      throw Failure(ExitCode::target,
                    "the check looks at what speaks for a class; --target takes a number, a label or "
                    "top1, not \"" +
                        arguments_.target + "\"");
    std::optional<std::int64_t> found;
    const auto choose = [&](const torch::Tensor& output) {
      const Tensor array = picture::to_array(output);
      const Target target = choose_targets({{choice}, {}, {}, {}}, array).front();
      const auto dimension = class_dimension(array.shape);
      if (dimension)
        found = target.resolve(array.shape).at(0)[*dimension - 1];
      else if (array.values.size() == 1)
        found = 0;
      return std::vector<Target>{target};
    };
    GuidedGradCam(model, layer_).explain({input}, choose, attribute.methods({Method::grad_cam}));
    if (!found)
      throw Failure(ExitCode::target,
                    "the check asks for an output of examples x classes, and this network's is another");
    return *found;
  }

  std::string label(std::int64_t index) const { return labels_.name(index).value_or(""); }
  std::string shown(std::int64_t index) const {
    return label(index).empty() ? std::to_string(index) : fmt::format("{} ({})", index, printable(label(index)));
  }

  void print_activations() const {
    const Explanation& explanation = report_.explanation;
    std::string others;
    for (const auto& [name, count] : explanation.activations.not_guided)
      others += fmt::format("{}{} x {}", others.empty() ? "" : ", ", count, printable(name));
    std::cout << fmt::format("\nReLUs guided: {}; other activations, with their plain gradient: {}; engine: {}{}\n",
                             explanation.activations.relus_guided, others.empty() ? "none" : others, explanation.engine,
                             explanation.why_not_compiled.empty() ? "" : " (" + explanation.why_not_compiled + ")");
    for (const std::string& warning : explanation.warnings) std::cout << "warning: " << printable(warning) << "\n";
  }

  void print_measure() const {
    if (report_.measure == Measure::probability)
      std::cout << "The outputs lie between 0 and 1 and are measured as the probabilities that they are.\n";
    else if (report_.measure == Measure::score)
      std::cout << "The network's own number is measured, its score: no softmax is taken"
                << (arguments_.measure == "auto" ? ", as there is one number alone.\n" : ".\n");
  }

  static std::string similarity_text(const MapSimilarity& one) {
    return number(one.rank_correlation) + " " + number(one.rank_correlation_of_magnitudes) + " " +
           number(one.structural_similarity);
  }

  static std::string row(const MethodSimilarity& similarity) {
    std::string text;
    for (const Method method : default_methods()) {
      const auto found = similarity.find(method);
      text += "  " + (found == similarity.end() ? std::string(20, ' ') : similarity_text(found->second));
    }
    return text;
  }

  void print_heading(const std::string& first) const {
    std::cout << fmt::format("{:32}{:>7}", first, report_.measure == Measure::score ? "score" : "prob.");
    for (const Method method : default_methods()) std::cout << fmt::format("  {:>20}", to_string(method));
    std::cout << fmt::format("\n{:39}", "");
    for (std::size_t i = 0; i < default_methods().size(); ++i) std::cout << "  signed  magn.   SSIM";
    std::cout << "\n";
  }

  void print_classes() const {
    std::cout << "\nDoes the map change with the class? Rank correlation (of the signed values, of magnitudes) and "
                 "structural similarity (SSIM, of\n"
                 "magnitudes) with the explained class's map: 1 is the same map, signed -1 its opposite. Guided "
                 "backpropagation is known to\n"
                 "change little; what tells classes apart should come from Grad-CAM.\n";
    print_heading("class");
    for (const ClassSensitivity& one : report_.classes)
      std::cout << fmt::format("{:32.32}{:7.4f}{}\n", shown(one.other_class), one.probability, row(one.similarity));
  }

  void print_randomisation() const {
    std::cout << fmt::format(
        "\nDoes the map depend on the weights? They are replaced from the output to the input, and the class is "
        "explained again (Adebayo et\n"
        "al. 2018). A map that stays like the trained network's (1) does not depend on what was learnt there (seed "
        "{}):\n",
        arguments_.seed);
    print_heading("randomised down to");
    for (const RandomisationStep& one : report_.randomisation)
      std::cout << fmt::format("{:32.32}{:7.4f}{}\n", printable(one.modules.front()), one.probability,
                               row(one.similarity));
  }

  void print_pixels() const {
    std::cout << "\nDo the pixels that it names matter? Area under the class's " << name_of(report_.measure)
              << " while they are inserted or deleted (Petsiuk et al. 2018):\n"
                 "insertion higher and deletion lower than in a random order means that they do, to this network.\n";
    std::cout << fmt::format("{:20}{:>10}{:>10}\n", "", "insertion", "deletion");
    const auto line = [](const std::string& name, double insertion, double deletion) {
      std::cout << fmt::format("{:20}{:10.3f}{:10.3f}\n", name, insertion, deletion);
    };
    for (const auto& [method, curve] : report_.insertion.methods)
      line(to_string(method), curve.area, report_.deletion.methods.at(method).area);
    if (!report_.insertion.random.probabilities.empty())
      line("random order", report_.insertion.random.area, report_.deletion.random.area);
  }

  const CheckArguments& arguments_;
  Labels labels_;
  std::string layer_;
  TrustReport report_;
};

}  // namespace

ExitCode check(const CheckArguments& arguments) {
  use_threads(arguments.threads);
  PreprocessingArguments preprocessing = arguments.preprocessing;
  const std::int64_t channels = preprocessing.parse().channels();  // what is wrong there is said first
  Check check(arguments, arguments.labels.empty() ? Labels() : Labels(arguments.labels));
  const std::vector<InputFile> files = find_inputs({arguments.input}, {}).files;
  if (files.size() != 1)
    throw Failure(ExitCode::input,
                  "the check takes one input, and \"" + arguments.input + "\" holds " + std::to_string(files.size()));
  auto model = load<Model>(arguments.model);
  const std::vector<Port> declared = model.inputs();
  const Shape shape = declared.empty() ? Shape() : declared[0].shape;
  const bool channels_first = shape.size() == 4 && (shape[1] < 0 || shape[1] == channels);
  preprocessing.take_size(channels_first ? shape : Shape(), false);
  const Input input = read_input(files[0], {preprocessing.parse(), false, false, preprocessing.picture_limit});
  if (input.tensor.shape[0] != 1)
    throw Failure(ExitCode::input, "the check takes one example, and \"" + arguments.input + "\" holds " +
                                       std::to_string(input.tensor.shape[0]));
  if (arguments.before_softmax) model = model.before_softmax(arguments.parse().output_element);
  const std::filesystem::path folder = arguments.output_dir;
  const OutputFolder output(folder);
  const torch::Tensor tensor = picture::to_tensor(input.tensor);
  check.run(model, model.floating_type() == torch::kDouble ? tensor.to(torch::kDouble) : tensor);
  write_text(folder / "check.json", to_text(check.document(), 2) + "\n");
  const picture::Svg plot = plot_of(check.report());
  if (plot.height > 0)
    write_image(folder / "check.svg", plot);
  else
    remove_plot(folder / "check.svg");
  if (arguments.json) std::cout << to_text(check.document(), 2) << "\n";
  if (arguments.json || arguments.quiet) return ExitCode::success;
  check.print();
  std::cout << fmt::format("\ncheck.json {}in {}\n", plot.height > 0 ? "and check.svg are " : "is ",
                           printable(folder.string()));
  return ExitCode::success;
}

}  // namespace whycam::cli
