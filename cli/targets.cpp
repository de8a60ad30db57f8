#include "targets.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "exit_code.h"
#include "whycam/errors.h"

namespace whycam::cli {
namespace {

std::optional<std::int64_t> number(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

std::optional<std::vector<std::int64_t>> tuple(const std::string& text) {
  std::vector<std::int64_t> indices;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const auto index = number(text.substr(begin, end - begin));
    if (!index) return std::nullopt;
    indices.push_back(*index);
    begin = end + 1;
  }
  return indices;
}

/// The k best classes of each example: entry i names each example's class of rank i.
std::vector<Target> best(const torch::Tensor& output, std::int64_t count) {
  if (output.dim() != 2)
    throw TargetError("top" + std::to_string(count) +
                      " needs an output of examples x classes; this one has " + std::to_string(output.dim()) +
                      " dimensions: name an index tuple, as in --target 1,7,3");
  if (count > output.size(1))
    throw TargetError("top" + std::to_string(count) + " of " + std::to_string(output.size(1)) + " classes");
  if (!output.isfinite().all().item<bool>())
    throw TargetError(
        "the network's output holds NaN or infinity, so it has no best class; name a class with --target, "
        "or look at the network's weights and the input");
  const torch::Tensor ranked = std::get<1>(output.topk(count, 1)).to(torch::kCPU);
  std::vector<Target> targets;
  for (std::int64_t rank = 0; rank < count; ++rank) {
    std::vector<std::int64_t> classes;
    for (std::int64_t example = 0; example < ranked.size(0); ++example)
      classes.push_back(ranked[example][rank].item<std::int64_t>());
    targets.push_back(Target::per_example(std::move(classes)));
  }
  return targets;
}

}  // namespace

TargetChoice parse_target(const std::string& text, const Labels& labels) {
  if (const auto index = number(text)) return std::vector<std::int64_t>{*index};
  if (const auto index = labels.find(text)) return std::vector<std::int64_t>{*index};
  if (text.rfind("top", 0) == 0)
    if (const auto count = number(text.substr(3)); count && *count > 0) return Top{*count};
  if (const auto indices = tuple(text)) return *indices;
  if (labels.empty())
    throw Failure(ExitCode::target,
                  "the target \"" + text +
                      "\" is no class number; give --labels FILE to name classes, or top1 for the best");
  throw Failure(ExitCode::target,
                "there is no label \"" + text + "\"; the nearest are " + labels.nearest(text));
}

std::vector<Target> choose_targets(const std::vector<TargetChoice>& choices, const torch::Tensor& output) {
  const std::int64_t examples = output.dim() == 0 ? 1 : output.size(0);
  const bool one_number = output.numel() == examples;
  std::vector<Target> targets;
  std::vector<std::vector<Target::Indices>> seen;
  const auto add = [&](const Target& target) {
    auto indices = target.resolve(output.sizes());
    if (std::find(seen.begin(), seen.end(), indices) != seen.end()) return;
    seen.push_back(std::move(indices));
    targets.push_back(target);
  };
  for (const TargetChoice& choice : choices) {
    if (const auto* top = std::get_if<Top>(&choice)) {
      if (one_number)
        add(Target());
      else
        for (const Target& target : best(output, top->count)) add(target);
    } else {
      add(Target::at(std::get<std::vector<std::int64_t>>(choice)));
    }
  }
  return targets;
}

}  // namespace whycam::cli
