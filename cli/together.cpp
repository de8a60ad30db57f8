#include "together.h"

#include <algorithm>

#include "tensor.h"

namespace whycam::cli {
namespace {

Tensor repeated(const Tensor& example, std::int64_t count) {
  Tensor all{example.shape, {}};
  all.shape[0] = count;
  for (std::int64_t i = 0; i < count; ++i)
    all.values.insert(all.values.end(), example.values.begin(), example.values.end());
  return all;
}

}  // namespace

std::vector<ExplainedExample> Together::operator()(const Tensor& input) {
  const std::int64_t count = input.shape.empty() ? 1 : input.shape[0];
  if (count > 1 && one_by_one_) return in_parts(input, Failure(ExitCode::network, ""));
  std::vector<ExplainedExample> examples;
  try {
    const auto explanation = std::make_shared<const RunExplanation>(explain_(input));
    for (std::int64_t row = 0; row < count; ++row) examples.push_back({explanation, row, {}});
    for (std::int64_t most = taken_; most < count && !taken_.compare_exchange_weak(most, count);) {
    }
  } catch (...) {
    const Failure failure = current_failure();
    if (count > 1 && declared_ == count)  // it takes no fewer
      return std::vector<ExplainedExample>(static_cast<std::size_t>(count), {nullptr, 0, failure});
    if (count > 1) return in_parts(input, failure);
    return {{nullptr, 0, alone(input, failure)}};
  }
  return examples;
}

std::vector<ExplainedExample> Together::in_parts(const Tensor& input, const Failure& reason) {
  const std::int64_t count = input.shape[0], step = count > batch_size_ ? batch_size_ : 1;
  std::vector<ExplainedExample> examples;
  for (std::int64_t first = 0; first < count; first += step) {
    const auto part = (*this)(slice(input, first, std::min(step, count - first)));
    examples.insert(examples.end(), part.begin(), part.end());
    const auto& failure = part.front().failure;  // a wrong layer or target is wrong for all of them
    if (first == 0 && failure && failure->code() == reason.code() && reason.code() != ExitCode::network) {
      examples.resize(static_cast<std::size_t>(count), part.front());
      return examples;
    }
  }
  if (taken_ == 1 && step == 1 &&
      std::none_of(examples.begin(), examples.end(), [](const ExplainedExample& one) { return one.failure; }))
    one_by_one_ = true;
  return examples;
}

/// A network that takes batches of one size alone is to be known as that.
Failure Together::alone(const Tensor& input, const Failure& failure) const {
  const std::int64_t size = declared_.value_or(taken_.load());
  if (size == 1 || (declared_ ? failure.code() != ExitCode::network : !takes(repeated(input, size)))) return failure;
  const std::string text = std::to_string(size);
  return {ExitCode::network, std::string(failure.what()) + "; the network takes exactly " + text +
                                 " examples at a time: explain a multiple of " + text + " pictures with --batch-size " +
                                 text + ", or export it for one example"};
}

bool Together::takes(const Tensor& input) const {
  try {
    explain_(input);
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace whycam::cli
