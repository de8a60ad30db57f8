// Explains one input again and again, once for each line on the standard input, and prints the seconds of each: one
// side of build_race.py. Without libtorch, so that only whycam and its oneDNN are measured.
#include <whycam/network.h>
#include <whycam/picture/npy.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: plan_worker NETWORK.onnx INPUT.npy ANSWER.npy   (OMP_NUM_THREADS sets the threads)\n";
    return 2;
  }
  const whycam::Tensor input = whycam::picture::to_array(whycam::picture::read_npy(argv[2]));
  const whycam::Network network = whycam::Network::load(argv[1]);
  const std::string layer = network.default_layer({input.shape});
  // Weights may be random: a class with an answer of zeros would prove nothing.
  const auto is_zero = [](float number) { return number == 0; };
  std::int64_t target = -1;
  whycam::Tensor answer;
  do answer = network.explain({input}, layer, {++target}).targets[0].attributions(whycam::Method::guided_grad_cam)[0];
  while (target < 100 && std::all_of(answer.values.begin(), answer.values.end(), is_zero));
  whycam::picture::write_npy(argv[3], answer);
  std::cout << "ready" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    const auto start = std::chrono::steady_clock::now();
    network.explain({input}, layer, {target});
    std::cout << std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() << std::endl;
  }
}
