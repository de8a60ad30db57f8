// What the command returns to the shell, documented in --help.
#pragma once

#include <stdexcept>
#include <string>

namespace whycam::cli {

enum class ExitCode {
  success = 0,
  internal_error = 1,  ///< a fault of whycam
  usage = 2,           ///< wrong options
  model = 3,           ///< the network cannot be read
  input = 4,           ///< a picture or tensor cannot be read
  layer = 5,           ///< no such layer, or nothing to explain at it
  target = 6,          ///< no such class or label
  output = 7,          ///< a result cannot be written, or another run is writing into the folder
  network = 8,         ///< the network fails on the input, or gives no gradient
  memory = 9,          ///< there is not enough memory
  interrupted = 130,   ///< stopped by SIGINT; --resume goes on
  terminated = 143,    ///< stopped by SIGTERM; --resume goes on
};

/// The table of exit codes for --help.
std::string exit_code_help();

/// A failure of the command with its exit code.
class Failure : public std::runtime_error {
 public:
  Failure(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

/// The exit code of the exception in flight, and its message in one line.
Failure current_failure();

}  // namespace whycam::cli
