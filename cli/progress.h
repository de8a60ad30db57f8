// How far a run over many inputs is.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace whycam::cli {

/// On a terminal a bar with rate and remaining time; elsewhere a plain line every few seconds. All on the
/// standard error.
class Progress {
 public:
  /// `finished` of `total` were there before. A silent one prints nothing.
  Progress(std::size_t total, std::size_t finished, bool silent);
  ~Progress();

  /// One more is finished.
  void step(bool skipped);
  /// Prints a line for people above the bar.
  void say(const std::string& line);

 private:
  using Clock = std::chrono::steady_clock;
  std::string text() const;
  void draw();
  void clear();

  std::size_t total_, before_, finished_, skipped_ = 0;
  bool silent_, terminal_, drawn_ = false;
  Clock::time_point start_ = Clock::now(), last_ = start_;
};

}  // namespace whycam::cli
