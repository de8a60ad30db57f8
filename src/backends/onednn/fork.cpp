#include "backends/onednn/fork.h"

#include <omp.h>

#ifdef __unix__
#include <pthread.h>
#endif

namespace whycam::onednn {

void end_threads_before_forks() {
#if defined(__unix__) && defined(__GNUC__) && !defined(__clang__)  // LLVM's OpenMP does it itself
  static const int registered = pthread_atfork([] { omp_pause_resource_all(omp_pause_hard); }, nullptr, nullptr);
  static_cast<void>(registered);
#endif
}

}  // namespace whycam::onednn
