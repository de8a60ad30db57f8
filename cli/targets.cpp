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

/// The k best classes of each example: entry i names each example's class of rank i.
std::vector<Target> best_targets(const Tensor& output, std::int64_t count) {
  if (output.shape.size() != 2)
    throw TargetError("top" + std::to_string(count) +
                      " needs an output of examples x classes; this one has " + std::to_string(output.shape.size()) +
                      " dimensions: name an index tuple, as in --target 1,7,3");
  const auto classes = static_cast<std::size_t>(output.shape[1]);
  if (count > output.shape[1])
    throw TargetError("top" + std::to_string(count) + " is more than the network's " + std::to_string(classes) + " classes: ask for top" +
                      std::to_string(classes) + " at most");
  if (!all_finite(output))
    throw ModelError(  // the fault of this input's numbers; no other target would have been the right one
        "the network's output holds NaN or infinity, so it has no best class; name a class with --target, "
        "or look at the network's weights and the input");
  std::vector<std::vector<std::int64_t>> ranks(static_cast<std::size_t>(count));
  for (std::size_t example = 0; example < static_cast<std::size_t>(output.shape[0]); ++example) {
    std::vector<double> scores;
    for (std::size_t i = 0; i < classes; ++i) scores.push_back(number(output, example * classes + i));
    const std::vector<std::int64_t> ranked = best(scores, ranks.size());
    for (std::size_t rank = 0; rank < ranks.size(); ++rank) ranks[rank].push_back(ranked[rank]);
  }
  std::vector<Target> targets;
  for (auto& of_rank : ranks) targets.push_back(Target::per_example(std::move(of_rank)));
  return targets;
}

}  // namespace

TargetChoice parse_target(const std::string& text, const Labels& labels) {
  if (const auto index = integer(text)) return std::vector<std::int64_t>{*index};
  if (const auto index = labels.find(text)) return std::vector<std::int64_t>{*index};
  if (text.rfind("top", 0) == 0)
    if (const auto count = integer(text.substr(3)); count && *count > 0) return Top{*count};
  if (const auto indices = tuple(text)) return *indices;
  if (labels.empty())
    throw Failure(ExitCode::target,
                  "the target \"" + text +
                      "\" is no class number; give --labels FILE to name classes, or top1 for the best");
  throw Failure(ExitCode::target,
                "there is no label \"" + text + "\"; the nearest are " + labels.nearest(text));
}

std::vector<Target> choose_targets(const std::vector<TargetChoice>& choices, const Tensor& output) {
  const std::int64_t examples = output.shape.empty() ? 1 : output.shape[0];
  const bool one_number = static_cast<std::int64_t>(count(output)) == examples;
  std::vector<Target> targets;
  std::vector<std::vector<Target::Indices>> seen;
  const auto add = [&](const Target& target) {
    auto indices = target.resolve(output.shape);
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
      add(Target::at(std::get<std::vector<std::int64_t>>(choice)));
    }
  }
  return targets;
}

}  // namespace whycam::cli
