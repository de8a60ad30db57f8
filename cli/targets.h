// What --target says, and the targets it becomes when the output is known.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "box.h"
#include "labels.h"
#include "tensor.h"
#include "whycam/target.h"

namespace whycam::cli {

/// The best `count` classes of each example.
struct Top {
  std::int64_t count;
};

struct TargetChoice {
  std::variant<Top, std::vector<std::int64_t>> what;
  bool against = false;  ///< what speaks against it
};

/// A class's number, its label, "top3", or an index tuple "1,7,3"; "against:" may stand before it. Throws Failure.
TargetChoice parse_target(const std::string& text, const Labels& labels);

/// All that the command line says of targets, for one output.
struct TargetSettings {
  std::vector<TargetChoice> choices;
  std::optional<std::vector<std::int64_t>> versus;  ///< the class that each is compared with
  std::optional<Target> like;                       ///< in place of the choices
  /// Where a class of a dense output is explained; without it, the best classes over the places where they win.
  std::optional<Region> region;
  std::size_t class_axis = 1;  ///< of a dense output
  /// The rows of a detector's output whose classes are explained, one an example; empty where it is none.
  std::vector<FoundBox> boxes = {};
};

/// The targets for this output, each once, in the order given. An output of one number per example is
/// explained as it is. Throws TargetError, and ModelError where a best class is asked for and the output holds NaN or
/// infinity.
std::vector<Target> choose_targets(const TargetSettings& settings, const Tensor& output);

/// Whether an output has scores at many places for each example.
bool is_dense(const Shape& output);

/// How many of the places each class of a dense output wins, of one example.
std::vector<double> wins_of_classes(const Tensor& output, std::size_t class_axis, std::int64_t example);

}  // namespace whycam::cli
