#include "interrupt.h"

#include <csignal>

namespace whycam::cli {
namespace {

volatile std::sig_atomic_t signal_that_came = 0;

void note(int signal) { signal_that_came = signal; }

}  // namespace

void note_interrupts() {
  struct sigaction action{};
  action.sa_handler = note;
  action.sa_flags = SA_RESTART | static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

int interrupted() { return signal_that_came; }

}  // namespace whycam::cli
