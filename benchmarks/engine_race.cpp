// Races the compiled engine against the autograd engine and against libtorch's plain forward pass, after proving the
// two engines' answers equal. Prints ratios of medians.
#include <ATen/Parallel.h>
#include <torch/script.h>
#include <whycam/whycam.h>

#include <cstdio>
#include <string>
#include <vector>

#include "race.h"

using whycam::race::median;
using whycam::race::seconds;

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: engine_race NETWORK.pt LAYER BATCH [ROUNDS [THREADS]]   (inputs of 3 x 224 x 224)\n");
    return 2;
  }
  const int rounds = argc > 4 ? std::stoi(argv[4]) : 9;
  at::set_num_threads(argc > 5 ? std::stoi(argv[5]) : 2);
  torch::manual_seed(0);
  const torch::Tensor x = torch::randn({std::stoi(argv[3]), 3, 224, 224});
  torch::jit::Module network = torch::jit::load(argv[1]);
  network.eval();
  const whycam::GuidedGradCam explainer(network, argv[2]);
  const auto explain = [&](whycam::Engine engine, int target) {
    return explainer.attribute(x, target, whycam::AttributeOptions().engine(engine));
  };
  const auto forward = [&] {
    const torch::NoGradGuard no_gradients;
    network.forward({x});
  };
  for (int i = 0; i < 3; ++i) forward();
  int target = 0;  // weights may be random: a class with an answer of zeros would prove nothing
  torch::Tensor expected = explain(whycam::Engine::autograd, target);
  while (expected.abs().max().item<float>() == 0 && target < 100)
    expected = explain(whycam::Engine::autograd, ++target);
  const double compilation = seconds([&] { explain(whycam::Engine::compiled, target); });
  const torch::Tensor actual = explain(whycam::Engine::compiled, target);
  const double error = ((actual - expected).norm() / expected.norm()).item<double>();
  if (!(error <= 1e-3)) {
    std::fprintf(stderr, "the answers differ by %.1e; there is nothing to race\n", error);
    return 1;
  }
  std::vector<double> compiled, autograd, plain;
  for (int round = 0; round < rounds; ++round) {
    compiled.push_back(seconds([&] { explain(whycam::Engine::compiled, target); }));
    plain.push_back(seconds(forward));
    autograd.push_back(seconds([&] { explain(whycam::Engine::autograd, target); }));
  }
  std::printf(
      "%s, batch %s: compiled / forward pass = %.2f, compiled / autograd = %.2f, first explanation = %.1f forward "
      "passes   "
      "(answers equal to %.0e)\n",
      argv[1], argv[3], median(compiled) / median(plain), median(compiled) / median(autograd),
      compilation / median(plain), error);
}
