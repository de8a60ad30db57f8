// Processes that fork behind a run.
#pragma once

namespace whycam::onednn {

/// OpenMP's threads are not in the child of a fork, whose next run would wait for them for ever. From now on those of
/// the thread that forks end before it does, and the next run of either process starts its own. What other threads of
/// the process are in the middle of stays as it is, as with every fork.
void end_threads_before_forks();

}  // namespace whycam::onednn
