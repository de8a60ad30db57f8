// The inputs of a run: found, and of them the shard of this process.
#pragma once

#include <string>
#include <vector>

#include "arguments.h"
#include "inputs.h"
#include "shard.h"

namespace whycam::cli {

struct RunInputs {
  std::vector<InputFile> all;    ///< of all shards, in order
  std::vector<InputFile> files;  ///< of this one, in order
  Shard shard;
  std::string automatic;           ///< what is to be said where the job chose the shard: in one sentence; else empty
  std::vector<std::string> notes;  ///< one sentence each
};

/// The lines of a file, or of the standard input for "-", that are not empty. Throws Failure where it cannot be read.
std::vector<std::string> read_list(const std::string& file);

/// Throws Failure.
RunInputs find_run_inputs(const ExplainArguments& arguments);

}  // namespace whycam::cli
