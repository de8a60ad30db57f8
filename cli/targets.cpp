#include "targets.h"

#include <algorithm>
#include <charconv>
#include <functional>
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
std::vector<std::vector<std::int64_t>> ranks_of(const Tensor& output, std::int64_t count, std::int64_t classes,
                                                const std::function<std::vector<double>(std::int64_t)>& scores) {
  if (count > classes)
    throw TargetError("top" + std::to_string(count) + " is more than the network's " + std::to_string(classes) +
                      " classes: ask for top" + std::to_string(classes) + " at most");
  if (!all_finite(output))
    throw ModelError(  // the fault of this input's numbers; no other target would have been the right one
        "the network's output holds NaN or infinity, so it has no best class; name a class with --target, "
        "or look at the network's weights and the input");
  std::vector<std::vector<std::int64_t>> ranks(static_cast<std::size_t>(count));
  for (std::int64_t example = 0; example < output.shape[0]; ++example) {
    const std::vector<std::int64_t> ranked = best(scores(example), ranks.size());
    for (std::size_t rank = 0; rank < ranks.size(); ++rank) ranks[rank].push_back(ranked[rank]);
  }
  return ranks;
}

/// Makes targets of choices, each once.
class Chooser {
 public:
  Chooser(const TargetSettings& settings, const Tensor& output)
      : settings_(settings),
        output_(output),
        dense_(settings.boxes.empty() && is_dense(output.shape)),
        class_axis_(dense_ ? std::optional(settings.class_axis) : class_dimension(output.shape)) {
    if (settings.region && !dense_)
      throw TargetError("a region is for an output with scores at many places, N x classes x space; this one has " +
                        std::to_string(output.shape.size()) + " dimensions");
  }

  std::vector<Target> targets() {
    if (settings_.like) return {*settings_.like};
    for (const TargetChoice& choice : settings_.choices) {
      if (const auto* top = std::get_if<Top>(&choice.what))
        add_best(top->count, choice.against);
      else
        add(of_indices(std::get<std::vector<std::int64_t>>(choice.what)), settings_.region, choice.against);
    }
    return std::move(targets_);
  }

 private:
  /// A class an example, in the rows of boxes.
  Target in_rows(const std::vector<std::int64_t>& classes) const {
    std::vector<Target::Indices> tuples;
    for (std::size_t i = 0; i < classes.size(); ++i) tuples.push_back(settings_.boxes[i].detection.indices(classes[i]));
    return Target::per_example_at(std::move(tuples));
  }

  std::vector<double> scores_of_row(std::int64_t example) const {
    const Detection& detection = settings_.boxes[static_cast<std::size_t>(example)].detection;
    std::vector<double> scores;
    for (std::int64_t one = 0; one < detection.classes; ++one) {
      const Target::Indices at = detection.indices(one);
      const std::int64_t place = (example * output_.shape[1] + at[0]) * output_.shape[2] + at[1];
      scores.push_back(output_.values[static_cast<std::size_t>(place)]);
    }
    return scores;
  }

  void add_best_of_rows(std::int64_t count, bool against) {
    const auto scores = [&](std::int64_t example) { return scores_of_row(example); };
    for (const auto& rank : ranks_of(output_, count, settings_.boxes[0].detection.classes, scores))
      add(in_rows(rank), {}, against);
  }

  void add_best(std::int64_t count, bool against) {
    if (!settings_.boxes.empty()) return add_best_of_rows(count, against);
    const std::int64_t examples = output_.shape.empty() ? 1 : output_.shape[0];
    if (static_cast<std::int64_t>(output_.values.size()) == examples) return add(Target(), {}, against);
    if (!class_axis_)
      throw TargetError("top" + std::to_string(count) + " needs an output of examples x classes; this one has " +
                        std::to_string(output_.shape.size()) +
                        " dimensions: name an index tuple, as in --target 1,7,3");
    const auto scores = [&](std::int64_t example) {
      return dense_ ? wins_of_classes(output_, *class_axis_, example) : scores_of(output_, example);
    };
    for (const auto& rank : ranks_of(output_, count, output_.shape[*class_axis_], scores)) {
      std::vector<Target::Indices> tuples;
      for (const std::int64_t index : rank)
        tuples.push_back(dense_ ? Target::Indices{index} : indices_of(index, output_.shape, *class_axis_));
      add(dense_ ? Target::per_example(rank) : Target::per_example_at(std::move(tuples)),
          dense_ ? settings_.region.value_or(Region::predicted()) : settings_.region, against);
    }
  }

  Target of_indices(const std::vector<std::int64_t>& indices) const {
    if (!settings_.boxes.empty()) {
      if (indices.size() != 1)
        throw TargetError("with --box, a target is a class of the box's row, not an index tuple");
      return in_rows(std::vector<std::int64_t>(settings_.boxes.size(), indices[0]));
    }
    if (dense_ && indices.size() == 1 && !settings_.region)
      throw TargetError("the output has a score of class " + std::to_string(indices[0]) +
                        " at each place: --region all, predicted or MASK sums them over some, and an index tuple such "
                        "as --target " +
                        std::to_string(indices[0]) + ",7,3 names one");
    const bool is_class = !dense_ && class_axis_ && indices.size() == 1;
    return Target::at(is_class ? indices_of(indices[0], output_.shape, *class_axis_) : indices);
  }

  void add(Target target, const std::optional<Region>& region, bool against) {
    const Shape shape = region                  ? Shape{output_.shape[0], output_.shape[*class_axis_]}
                        : output_.shape.empty() ? Shape{1}
                                                : output_.shape;
    std::pair key(target.resolve(shape), against);
    if (std::find(seen_.begin(), seen_.end(), key) != seen_.end()) return;
    seen_.push_back(std::move(key));
    if (settings_.versus) {
      const Target other = of_indices(*settings_.versus);
      if (seen_.back().first == other.resolve(shape))
        throw TargetError("the target " + target.to_string() +
                          " is compared with itself: --versus takes another class");
      target = target.minus(other);
    }
    if (region) target = target.over(*region);
    targets_.push_back(against ? target.negated() : target);
  }

  const TargetSettings& settings_;
  const Tensor& output_;
  bool dense_;
  std::optional<std::size_t> class_axis_;
  std::vector<std::pair<std::vector<Target::Indices>, bool>> seen_;
  std::vector<Target> targets_;
};

}  // namespace

TargetChoice parse_target(const std::string& text, const Labels& labels) {
  const std::string prefix = "against:";
  if (text.rfind(prefix, 0) == 0 && !labels.find(text)) {
    if (text.rfind(prefix + prefix, 0) == 0)
      throw Failure(ExitCode::target, "against: stands once before a target, not as in \"" + text + "\"");
    TargetChoice choice = parse_target(text.substr(prefix.size()), labels);
    choice.against = true;
    return choice;
  }
  if (const auto index = integer(text)) {
    if (const auto other = labels.another(text, *index))
      throw Failure(ExitCode::target,
                    "the target " + text + " may be the class of that number, which the labels call \"" +
                        labels.name(*index).value_or("") + "\", or class " + std::to_string(*other) +
                        ", which they call \"" + text + "\"; leave out --labels to name classes by their numbers");
    return {std::vector<std::int64_t>{*index}};
  }
  if (const auto index = labels.find(text)) return {std::vector<std::int64_t>{*index}};
  if (text.rfind("top", 0) == 0)
    if (const auto count = integer(text.substr(3)); count && *count > 0) return {Top{*count}};
  if (const auto indices = tuple(text)) return {*indices};
  if (labels.empty())
    throw Failure(
        ExitCode::target,
        "the target \"" + text + "\" is no class number; give --labels FILE to name classes, or top1 for the best");
  throw Failure(ExitCode::target, "there is no label \"" + text + "\"; the nearest are " + labels.nearest(text));
}

std::vector<Target> choose_targets(const TargetSettings& settings, const Tensor& output) {
  return Chooser(settings, output).targets();
}

bool is_dense(const Shape& output) { return output.size() > 2 && !class_dimension(output); }

std::vector<double> wins_of_classes(const Tensor& output, std::size_t class_axis, std::int64_t example) {
  const Shape& shape = output.shape;
  const auto classes = static_cast<std::size_t>(shape[class_axis]);
  const auto behind = static_cast<std::size_t>(
      picture::element_count({shape.begin() + static_cast<std::ptrdiff_t>(class_axis) + 1, shape.end()}));
  const std::size_t row = output.values.size() / static_cast<std::size_t>(shape[0]);
  const float* values = output.values.data() + static_cast<std::size_t>(example) * row;
  std::vector<double> wins(classes, 0);
  for (std::size_t place = 0; place < row / classes; ++place) {
    const float* first = values + place / behind * classes * behind + place % behind;
    std::size_t winner = 0;
    for (std::size_t one = 1; one < classes; ++one)
      if (first[one * behind] > first[winner * behind]) winner = one;
    ++wins[winner];
  }
  return wins;
}

}  // namespace whycam::cli
