#include "machine.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

namespace whycam::cli {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& file) {
  std::ifstream stream(file);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

/// The smaller one, of numbers of which 0 is none.
template <class Number>
Number tighter(Number one, Number other) {
  return one == 0 || (other != 0 && other < one) ? other : one;
}

GroupLimits limits_of_this_process() { return group_limits("/sys/fs/cgroup", text_of("/proc/self/cgroup")); }

}  // namespace

GroupLimits group_limits(const std::string& root, const std::string& membership) {
  GroupLimits limits;
  const std::string lines = "\n" + membership, head = "\n0::/";  // a line of version 2
  std::size_t begin = lines.find(head);
  if (begin == std::string::npos) return limits;
  begin += head.size();
  fs::path group = lines.substr(begin, lines.find('\n', begin) - begin);
  while (true) {
    double quota = 0, period = 0;
    if (std::istringstream(text_of(root / group / "cpu.max")) >> quota >> period && period > 0)
      limits.cores = tighter(limits.cores, quota / period);
    std::uint64_t bytes = 0;
    if (std::istringstream(text_of(root / group / "memory.max")) >> bytes)
      limits.memory = tighter(limits.memory, bytes);
    if (group.empty()) return limits;
    group = group.parent_path();
  }
}

int usable_cores() {
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  const double given = limits_of_this_process().cores;
  return given == 0 ? cores : std::min(cores, static_cast<int>(std::ceil(given)));
}

std::uint64_t usable_memory() {
  std::uint64_t bytes = static_cast<std::uint64_t>(std::max(0L, sysconf(_SC_PHYS_PAGES))) *
                        static_cast<std::uint64_t>(std::max(0L, sysconf(_SC_PAGESIZE)));
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    bytes = tighter(bytes, static_cast<std::uint64_t>(limit.rlim_cur));
  return tighter(bytes, limits_of_this_process().memory);
}

}  // namespace whycam::cli
