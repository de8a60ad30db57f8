// Examples go through the network together, or one by one where it refuses them together.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "box.h"
#include "exit_code.h"
#include "whycam/network.h"

namespace whycam::cli {

/// An explanation, and how its targets were chosen.
struct RunExplanation : Network::Explanation {
  std::vector<FoundBox> boxes = {};  ///< --box: one an example, else none
  std::size_t class_axis = 1;        ///< of a dense output
};

/// An example's place in an explanation, or why it has none.
struct ExplainedExample {
  std::shared_ptr<const RunExplanation> explanation;
  std::int64_t row = 0;
  std::optional<Failure> failure;
};

/// Explains batches; remembers from batch to batch what the network takes. Thread-safe, if `explain` is.
class Together {
 public:
  using Explain = std::function<RunExplanation(const Tensor& input)>;

  /// `batch_size`: the most pictures that go together; `declared`: how many examples the network's file says that it
  /// takes, where it says so.
  Together(Explain explain, std::int64_t batch_size, std::optional<std::int64_t> declared)
      : explain_(std::move(explain)), batch_size_(batch_size), declared_(declared) {}

  /// One entry an example. An input that is refused is explained `batch_size` examples at a time, and what is refused
  /// of that one by one.
  std::vector<ExplainedExample> operator()(const Tensor& input);

 private:
  std::vector<ExplainedExample> in_parts(const Tensor& input, const Failure& reason);
  Failure alone(const Tensor& input, const Failure& failure) const;
  bool takes(const Tensor& input) const;

  Explain explain_;
  std::int64_t batch_size_;
  std::optional<std::int64_t> declared_;
  std::atomic<std::int64_t> taken_ = 1;   ///< the largest batch that the network took
  std::atomic<bool> one_by_one_ = false;  ///< it takes examples alone, and none together
};

}  // namespace whycam::cli
