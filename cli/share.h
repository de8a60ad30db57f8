// The inputs of a run: found, and of them the share of this process.
#pragma once

#include <string>
#include <vector>

#include "arguments.h"
#include "inputs.h"
#include "shard.h"

namespace whycam::cli {

struct Share {
  std::vector<InputFile> all;    ///< of all shares, in order
  std::vector<InputFile> files;  ///< of this one, in order
  Shard shard;
  std::string automatic;           ///< what is to be said where the job chose the share: in one sentence; else empty
  std::vector<std::string> notes;  ///< one sentence each
};

/// The lines of a file, or of the standard input for "-", that are not empty. Throws Failure where it cannot be read.
std::vector<std::string> read_list(const std::string& file);

/// Throws Failure.
Share find_share(const ExplainArguments& arguments);

}  // namespace whycam::cli
