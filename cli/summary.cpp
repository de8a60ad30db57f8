// The table of classes.
#include <fmt/format.h>

#include <algorithm>

#include "results.h"
#include "whycam/probabilities.h"

namespace whycam::cli {
namespace {

/// The five best classes and those explained.
std::string classes_table(const RunSettings& settings, const Tensor& output, std::int64_t example,
                          const std::vector<std::int64_t>& explained) {
  const std::vector<double> scores = scores_of(output, example), sure = probabilities(scores);
  std::vector<std::int64_t> rows = best(scores, 5);
  for (const std::int64_t index : explained)
    if (std::find(rows.begin(), rows.end(), index) == rows.end()) rows.push_back(index);
  std::string text = "    softmax probability       score  class (* explained)\n";
  for (const std::int64_t index : rows) {
    const bool star = std::find(explained.begin(), explained.end(), index) != explained.end();
    const auto place = static_cast<std::size_t>(index);
    text += fmt::format("  {} {:19.6f} {:11.4f}  {} {}\n", star ? '*' : ' ', sure[place], scores[place], index,
                        settings.labels.name(index).value_or(""));
  }
  return text;
}

/// Which row of a detector's output was found.
std::string row_line(const RunSettings& settings, const FoundBox& found) {
  const Detection& one = found.detection;
  return fmt::format("  row {} of {} overlaps the box by {:.3f}; the best of its {} classes is {} {} ({:.6g})\n",
                     one.row, one.rows, one.overlap, one.classes, one.class_index,
                     settings.labels.name(one.class_index).value_or(""), one.score);
}

}  // namespace

std::string summary(const RunSettings& settings, const Input& input, const std::vector<ExplainedExample>& examples) {
  std::string text;
  for (std::size_t i = 0; i < input.views.size(); ++i) {
    const RunExplanation& explanation = *examples[i].explanation;
    const Tensor& output = explanation.output;
    const std::int64_t example = examples[i].row;
    text += input.file.path.string() + (input.views.size() > 1 ? fmt::format(", example {}", i) : "") + "\n";
    std::vector<std::int64_t> explained;
    for (const auto& [target, chosen] : chosen_for(explanation, example)) {
      if (chosen.is_class() && class_dimension(output.shape)) explained.push_back(chosen.indices[0]);
      if (!chosen.explained.empty() || !chosen.is_class() || !class_dimension(output.shape))
        text += fmt::format("  explained: output {} = {:.6g}\n",
                            chosen.box ? chosen.explained : target->target.to_string(), chosen.score);
      if (chosen.box) text += row_line(settings, *chosen.box);
    }
    for (const auto& [target, chosen] : chosen_for(explanation, example))
      if (chosen.completeness_error)
        text += fmt::format("  integrated gradients of {}: their sum misses the score by {:.3g}\n",
                            chosen.box ? chosen.explained : target->target.to_string(), *chosen.completeness_error);
    if (const auto dimension = class_dimension(output.shape); dimension && output.shape[*dimension] > 1)
      text += classes_table(settings, output, example, explained);
  }
  const RunExplanation& explanation = *examples[0].explanation;
  std::string others;
  for (const auto& [name, count] : explanation.activations.not_guided)
    others += fmt::format(", {} {} not", count, name);
  const std::string why =
      explanation.why_not_compiled.empty() ? "" : " (not compiled: " + explanation.why_not_compiled + ")";
  text += fmt::format("  ReLUs guided: {}{}; engine: {}{}\n", explanation.activations.relus_guided, others,
                      explanation.engine, why);
  return text;
}

}  // namespace whycam::cli
