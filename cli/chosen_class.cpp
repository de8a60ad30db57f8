// What was chosen, as tables, file names and the manifest have it.
#include <algorithm>
#include <limits>

#include "results.h"
#include "whycam/probabilities.h"

namespace whycam::cli {
namespace {

/// The class of an example that a target's term names in an output; more than one index where there are no classes.
Target::Indices indices_of(const RunExplanation& explanation, const Target::Term& term, std::int64_t example) {
  const Tensor& output = explanation.output;
  const auto row = static_cast<std::size_t>(example);
  const Target target{term.choice};
  if (term.region)  // of a class, however many there are
    return target.resolve({output.shape[0], std::numeric_limits<std::int64_t>::max()})[row];
  const Target::Indices indices = target.resolve(output.shape)[row];
  if (!explanation.boxes.empty()) {
    const Detection& detection = explanation.boxes[row].detection;
    return {indices[detection.rows_last ? 0 : 1] - detection.first_class};
  }
  const auto dimension = class_dimension(output.shape);
  return dimension ? Target::Indices{indices[*dimension - 1]} : indices;
}

std::string text_of(const RunExplanation& explanation, const Target& target, std::int64_t example) {
  if (explanation.boxes.empty()) return target.to_string();
  std::string text;
  for (const Target::Term& term : target.terms()) {
    if (term.coefficient < 0) text += text.empty() ? "-" : " - ";
    text += std::to_string(indices_of(explanation, term, example)[0]);
  }
  const Detection& detection = explanation.boxes[static_cast<std::size_t>(example)].detection;
  return text + " in row " + std::to_string(detection.row);
}

ChosenClass chosen_class(const RunExplanation& explanation, const Network::TargetExplanation& target,
                         std::int64_t example) {
  ChosenClass result;
  const Tensor& output = explanation.output;
  const auto row = static_cast<std::size_t>(example);
  result.score = target.scores[row];
  if (!target.completeness_error.empty()) result.completeness_error = target.completeness_error[row];
  const std::vector<Target::Term>& terms = target.target.terms();
  const bool is_index = terms[0].choice.index() <= 2, is_plain = terms.size() == 1 && terms[0].coefficient == 1;
  if (!is_index || !is_plain || terms[0].region || !explanation.boxes.empty())
    result.explained = text_of(explanation, target.target, example);
  if (!explanation.boxes.empty()) {
    result.box = explanation.boxes[row];
    result.suffix = "-row" + std::to_string(result.box->detection.row);
  }
  if (terms[0].coefficient < 0) result.suffix += "-against";
  if (terms.size() > 1)
    result.suffix +=
        "-versus-" + (explanation.boxes.empty() ? safe_for_file_names(Target(terms[1].choice).to_string())
                                                : std::to_string(indices_of(explanation, terms[1], example)[0]));
  if (!is_index || output.shape.empty() || static_cast<std::int64_t>(output.values.size()) == output.shape[0])
    return result;
  result.indices = indices_of(explanation, terms[0], example);
  if (terms[0].region || result.box || !class_dimension(output.shape)) return result;
  const double probability = probabilities(scores_of(output, example))[static_cast<std::size_t>(result.indices[0])];
  result.probability = static_cast<float>(probability);  // no more digits than the output has
  return result;
}

}  // namespace

std::vector<ChosenTarget> chosen_for(const RunExplanation& explanation, std::int64_t example) {
  std::vector<ChosenTarget> all;
  for (const Network::TargetExplanation& target : explanation.targets) {
    const ChosenClass chosen = chosen_class(explanation, target, example);
    // Where the best class is one that was named as well, another example may need both.
    if (std::none_of(all.begin(), all.end(), [&](const ChosenTarget& other) {
          return other.chosen.indices == chosen.indices && other.chosen.suffix == chosen.suffix;
        }))
      all.push_back({&target, chosen});
  }
  return all;
}

}  // namespace whycam::cli
