// What --target says, and the targets it becomes when the output is known.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "labels.h"
#include "tensor.h"
#include "whycam/target.h"

namespace whycam::cli {

/// The best `count` classes of each example.
struct Top {
  std::int64_t count;
};

using TargetChoice = std::variant<Top, std::vector<std::int64_t>>;

/// A class's number, its label, "top3", or an index tuple "1,7,3". Throws Failure.
TargetChoice parse_target(const std::string& text, const Labels& labels);

/// The targets for this output, each once, in the order given. An output of one number per example is
/// explained as it is. Throws TargetError, and ModelError where a best class is asked for and the output holds NaN or
/// infinity.
std::vector<Target> choose_targets(const std::vector<TargetChoice>& choices, const Tensor& output);

}  // namespace whycam::cli
