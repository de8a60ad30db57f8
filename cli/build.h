// What differs between the command with libtorch (libtorch/) and without (build_without_libtorch.cpp).
#pragma once

namespace whycam::cli {

/// What --help says of this build.
struct Build {
  const char* purpose;
  const char* network_file;  ///< the argument MODEL
  const char* engine;        ///< the option --engine
  const char* engines;       ///< what it takes
};
extern const Build build;

/// Threads for the network; 0: all cores.
void use_threads(int threads);

}  // namespace whycam::cli
