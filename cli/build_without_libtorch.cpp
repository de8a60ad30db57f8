#include "build.h"

#include <omp.h>

#include "command_line.h"
#include "machine.h"

namespace whycam::cli {

const Build build{
    "Shows why a convolutional network decided: Guided Grad-CAM for .pt2 and ONNX networks.",
    "The network: a .pt2 or an ONNX file",
    "automatic or compiled, which are the same: this whycam was built without libtorch, and has no other engine",
    "{automatic,compiled}", nullptr};

std::vector<Subcommand> subcommands_with_libtorch() { return {}; }

void load_operators(const std::vector<std::string>&) {}

void refuse_operators() {}  // there is none

void redirect_prints(bool) {}  // no network that is data prints

int use_threads(int threads) {
  omp_set_num_threads(threads > 0 ? threads : usable_cores());
  return omp_get_max_threads();
}

}  // namespace whycam::cli
