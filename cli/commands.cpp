// What the subcommands share.
#include "commands.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <thread>

#include "whycam/errors.h"

namespace whycam::cli {

void use_threads(int threads) {
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  at::set_num_threads(threads > 0 ? threads : std::max(1, cores));
}

Model load_model(const std::string& path) {
  try {
    return Model::load(path);
  } catch (const ModelError& error) {
    throw Failure(ExitCode::model, error.what());
  }
}

}  // namespace whycam::cli
