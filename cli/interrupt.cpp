#include "interrupt.h"

#include <unistd.h>

#include <csignal>
#include <cstring>

namespace whycam::cli {
namespace {

volatile std::sig_atomic_t signal_that_came = 0;

void say(const char* text) {
  const ssize_t written = ::write(STDERR_FILENO, text, std::strlen(text));
  static_cast<void>(written);
}

/// A network that never ends is no reason to go on behind SIGTERM.
void end(int) {
  say("whycam: the network did not come to its end in 4 s: ended by SIGTERM; --resume goes on\n");
  ::_exit(128 + SIGTERM);
}

void note(int signal) {
  signal_that_came = signal;
  say("whycam: heard the signal, stops behind what is finished; a second one ends at once\n");
  if (signal != SIGTERM) return;
  std::signal(SIGALRM, end);
  ::alarm(4);
}

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
