// The most memory that explaining takes over the loaded network, beside libtorch's plain forward pass: one of both a
// process, as memory once used is seldom given back. Prints MiB.
#include <ATen/Parallel.h>
#include <malloc.h>
#include <torch/script.h>
#include <whycam/whycam.h>

#include <cstdio>
#include <fstream>
#include <string>

namespace {

/// A line of /proc/self/status, in KiB.
long status(const std::string& name) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);)
    if (line.rfind(name + ":", 0) == 0) return std::stol(line.substr(name.size() + 1));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr,
                 "usage: peak_memory forward|autograd|compiled NETWORK.pt LAYER BATCH   (inputs of 3 x 224 x 224)\n");
    return 2;
  }
  at::set_num_threads(2);
  const std::string what = argv[1];
  torch::jit::Module network = torch::jit::load(argv[2]);
  network.eval();
  const torch::Tensor x = torch::randn({std::stoi(argv[4]), 3, 224, 224});
  malloc_trim(0);
  const long loaded = status("VmRSS");
  const auto once = [&] {
    if (what == "forward") {
      const torch::NoGradGuard no_gradients;
      network.forward({x});
      return;
    }
    static const whycam::GuidedGradCam explainer(network, argv[3]);
    explainer.attribute(x, 3, whycam::AttributeOptions().engine(whycam::engine_named(what)));
  };
  once();
  once();  // warm: what is made once has been made
  malloc_trim(0);
  const long warm = status("VmRSS");
  std::ofstream("/proc/self/clear_refs") << 5;  // the peak is counted from here
  once();
  std::printf(
      "%s %s, batch %s: peak of a warm run %.0f MiB over the loaded network, of which %.0f MiB stay between runs\n",
      what.c_str(), argv[2], argv[4], static_cast<double>(status("VmHWM") - loaded) / 1024,
      static_cast<double>(warm - loaded) / 1024);
}
