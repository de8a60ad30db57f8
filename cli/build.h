// What differs between the command with libtorch (libtorch/) and without (build_without_libtorch.cpp).
#pragma once

#include <string>
#include <vector>

namespace whycam::cli {

/// What --help says of this build.
struct Build {
  const char* purpose;
  const char* network_file;  ///< the argument MODEL
  const char* engine;        ///< the option --engine
  const char* engines;       ///< what it takes
  const char* operators;     ///< the option --operators; null where there is none
};
extern const Build build;

/// Loads the shared libraries that bring operators of networks. Throws Failure.
void load_operators(const std::vector<std::string>& files);

/// From now on the operators that touch files, other processes or other computers fail by name when they are called.
void refuse_operators();

/// What a network prints goes to standard error, or nowhere: standard output is the command's.
void redirect_prints(bool quiet);

/// Threads for the network; 0: all cores. Says how many there are.
int use_threads(int threads);

}  // namespace whycam::cli
