#include "progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "printable.h"

namespace whycam::cli {
namespace {

constexpr auto between_bars = std::chrono::milliseconds(100);
constexpr auto between_lines = std::chrono::seconds(5);

std::string duration(double seconds) {
  const auto whole = static_cast<long>(seconds + 0.5);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
}

}  // namespace

Progress::Progress(std::size_t total, std::size_t finished, bool silent)
    : total_(total), before_(finished), finished_(finished), silent_(silent), terminal_(isatty(STDERR_FILENO) != 0) {}

Progress::~Progress() { clear(); }

void Progress::step(bool skipped) {
  ++finished_;
  skipped_ += skipped;
  const auto now = Clock::now();
  const bool due = terminal_ ? now - last_ >= between_bars : now - last_ >= between_lines;
  if (silent_ || !due) return;
  last_ = now;
  if (terminal_)
    draw();
  else
    std::cerr << "whycam: " << text() << std::endl;
}

void Progress::say(const std::string& line) {
  clear();
  std::cerr << printable(line) << std::endl;
}

std::string Progress::text() const {
  const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
  const double rate = static_cast<double>(finished_ - before_) / std::max(seconds, 1e-9);
  std::string line = fmt::format("{} of {}, {:.3g} a second, {} left", finished_, total_, rate,
                                 duration(static_cast<double>(total_ - finished_) / rate));
  if (skipped_ > 0) line += fmt::format(", {} skipped", skipped_);
  return line;
}

void Progress::draw() {
  constexpr std::size_t width = 30;
  const std::size_t filled = total_ == 0 ? width : width * finished_ / total_;
  std::cerr << "\r\033[K[" << std::string(filled, '#') << std::string(width - filled, '.') << "] " << text()
            << std::flush;
  drawn_ = true;
}

void Progress::clear() {
  if (drawn_) std::cerr << "\r\033[K" << std::flush;
  drawn_ = false;
}

}  // namespace whycam::cli
