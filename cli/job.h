// Which shard of its inputs a process has by what the job around it says: Slurm, MPI launchers, Kubernetes.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "shard.h"

namespace whycam::cli {

/// The value of a variable; nothing where it is not set, or empty.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// That of this process.
std::optional<std::string> variable(const std::string& name);

struct JobShard {
  Shard shard;
  std::string source;              ///< what says so: "SLURM_PROCID=2 of SLURM_STEP_NUM_TASKS=16"; empty: nothing does
  std::vector<std::string> notes;  ///< on what could be taken for a shard and is none, one sentence each
};

/// The shard of one process of a job. Tasks of a Slurm array, or pods of an indexed job of Kubernetes, share the
/// inputs; in each of them processes that mpirun or srun started share its shard. Throws Failure where the variables
/// contradict each other, or leave a shard that no process would have.
JobShard shard_of_job(const Environment& environment);

}  // namespace whycam::cli
