// What of the computer this process may use.
#pragma once

#include <cstdint>
#include <string>

namespace whycam::cli {

/// Processors, by affinity and by the time that control groups (containers, jobs) give; at least 1.
int usable_cores();

/// Bytes of memory: what there is, or what limits of control groups or of the process leave of it.
std::uint64_t usable_memory();

/// The same by the files of control groups (version 2) under a folder: "cpu.max" and "memory.max" of the group that
/// `membership` names (the text of /proc/self/cgroup) and of those around it. 0: no limit.
struct GroupLimits {
  double cores = 0;
  std::uint64_t memory = 0;
};
GroupLimits group_limits(const std::string& root, const std::string& membership);

}  // namespace whycam::cli
