#include "targets.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "exit_code.h"
#include "whycam/errors.h"

namespace whycam::cli {
namespace {

std::optional<std::int64_t> integer(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

std::optional<std::vector<std::int64_t>> tuple(const std::string& text) {
  std::vector<std::int64_t> indices;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const auto index = integer(text.substr(begin, end - begin));
    if (!index) return std::nullopt;
    indices.push_back(*index);
    begin = end + 1;
  }
  return indices;
}

/// A class's place in an output of this shape.
Target::Indices indices_of(std::int64_t index, const Shape& shape, std::size_t dimension) {
  Target::Indices indices(shape.size() - 1, 0);
  indices[dimension - 1] = index;
  return indices;
}

/// The k best classes of each example: entry i names each example's class of rank i.
std::vector<Target> best_targets(const Tensor& output, std::int64_t count) {
  const auto dimension = class_dimension(output.shape);
  if (!dimension)
    throw TargetError("top" + std::to_string(count) + " needs an output of examples x classes; this one has " +
                      std::to_string(output.shape.size()) + " dimensions: name an index tuple, as in --target 1,7,3");
  const std::int64_t classes = output.shape[*dimension];
  if (count > classes)
    throw TargetError("top" + std::to_string(count) + " is more than the network's " + std::to_string(classes) +
                      " classes: ask for top" + std::to_string(classes) + " at most");
  if (!all_finite(output))
    throw ModelError(  // the fault of this input's numbers; no other target would have been the right one
        "the network's output holds NaN or infinity, so it has no best class; name a class with --target, "
        "or look at the network's weights and the input");
  std::vector<std::vector<Target::Indices>> ranks(static_cast<std::size_t>(count));
  for (std::size_t example = 0; example < static_cast<std::size_t>(output.shape[0]); ++example) {
    const std::vector<std::int64_t> ranked = best(scores_of(output, static_cast<std::int64_t>(example)), ranks.size());
    for (std::size_t rank = 0; rank < ranks.size(); ++rank)
      ranks[rank].push_back(indices_of(ranked[rank], output.shape, *dimension));
  }
  std::vector<Target> targets;
  for (auto& of_rank : ranks) targets.push_back(Target::per_example_at(std::move(of_rank)));
  return targets;
}

}  // namespace

TargetChoice parse_target(const std::string& text, const Labels& labels) {
  if (const auto index = integer(text)) {
    if (const auto other = labels.another(text, *index))
      throw Failure(ExitCode::target,
                    "the target " + text + " may be the class of that number, which the labels call \"" +
                        labels.name(*index).value_or("") + "\", or class " + std::to_string(*other) +
                        ", which they call \"" + text + "\"; leave out --labels to name classes by their numbers");
    return std::vector<std::int64_t>{*index};
  }
  if (const auto index = labels.find(text)) return std::vector<std::int64_t>{*index};
  if (text.rfind("top", 0) == 0)
    if (const auto count = integer(text.substr(3)); count && *count > 0) return Top{*count};
  if (const auto indices = tuple(text)) return *indices;
  if (labels.empty())
    throw Failure(
        ExitCode::target,
        "the target \"" + text + "\" is no class number; give --labels FILE to name classes, or top1 for the best");
  throw Failure(ExitCode::target, "there is no label \"" + text + "\"; the nearest are " + labels.nearest(text));
}

std::vector<Target> choose_targets(const std::vector<TargetChoice>& choices, const Tensor& output) {
  const std::int64_t examples = output.shape.empty() ? 1 : output.shape[0];
  const bool one_number = static_cast<std::int64_t>(output.values.size()) == examples;
  std::vector<Target> targets;
  std::vector<std::vector<Target::Indices>> seen;
  const auto add = [&](const Target& target) {
    auto indices = target.resolve(output.shape.empty() ? Shape{1} : output.shape);
    if (std::find(seen.begin(), seen.end(), indices) != seen.end()) return;
    seen.push_back(std::move(indices));
    targets.push_back(target);
  };
  for (const TargetChoice& choice : choices) {
    if (const auto* top = std::get_if<Top>(&choice)) {
      if (one_number)
        add(Target());
      else
        for (const Target& target : best_targets(output, top->count)) add(target);
    } else {
      const auto& indices = std::get<std::vector<std::int64_t>>(choice);
      const auto dimension = class_dimension(output.shape);
      add(Target::at(dimension && indices.size() == 1 ? indices_of(indices[0], output.shape, *dimension) : indices));
    }
  }
  return targets;
}

}  // namespace whycam::cli
