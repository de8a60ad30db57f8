// Explains one input again and again, once for each line on the standard input, and prints the seconds of each: one side of
// build_race.py. Without libtorch, so that only whycam and its oneDNN are measured.
#include <whycam/picture/npy.h>
#include <whycam/plain.h>

#include <chrono>
#include <iostream>
#include <string>

int main(int argc, char** argv) {
  if (argc != 6) {
    std::cerr << "usage: plan_worker NETWORK.onnx INPUT.npy LAYER TARGET ANSWER.npy   (OMP_NUM_THREADS sets the threads)\n";
    return 2;
  }
  namespace plain = whycam::plain;
  const plain::Tensor input = whycam::picture::to_array(whycam::picture::read_npy(argv[2]));
  const plain::Network network = plain::Network::load(argv[1]);
  const std::string layer = *argv[3] ? argv[3] : network.default_layer({input.shape});
  const whycam::Target target(std::stoll(argv[4]));
  whycam::picture::write_npy(argv[5], network.explain({input}, layer, {target}).targets[0].guided_grad_cam[0]);
  std::cout << "ready" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    const auto start = std::chrono::steady_clock::now();
    network.explain({input}, layer, {target});
    std::cout << std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() << std::endl;
  }
}
