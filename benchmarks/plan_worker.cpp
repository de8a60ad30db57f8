// Explains one input, prints the seconds of that first explanation, and explains it again for each line on the standard
// input, whose seconds it prints, too: one side of build_race.py and forward_race.py. Without libtorch, so that only
// whycam and its oneDNN are measured.
#include <whycam/network.h>
#include <whycam/picture/npy.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

int main(int argc, char** argv) {
  if (argc != 4 && argc != 6) {
    std::cerr << "usage: plan_worker NETWORK.onnx INPUT.npy ANSWER.npy [PRECISION OUTPUT.npy]\n"
                 "(OMP_NUM_THREADS sets the threads; OUTPUT is the network's)\n";
    return 2;
  }
  whycam::Options options;
  if (argc == 6) options.precision = whycam::precision_named(argv[4]);
  const std::vector<whycam::Tensor> inputs{whycam::picture::to_array(whycam::picture::read_npy(argv[2]))};
  const whycam::Network network = whycam::Network::load(argv[1]);
  const std::string layer = network.default_layer({inputs[0].shape});
  // Weights may be random: a class with an answer of zeros would prove nothing.
  const auto is_zero = [](float number) { return number == 0; };
  std::int64_t target = -1;
  whycam::Network::Explanation explanation;
  whycam::Tensor answer;
  double first = 0;
  do {
    const auto start = std::chrono::steady_clock::now();
    explanation = network.explain(inputs, layer, {++target}, options);
    if (target == 0) first = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    answer = explanation.targets[0].attributions(whycam::Method::guided_grad_cam)[0];
  } while (target < 100 && std::all_of(answer.values.begin(), answer.values.end(), is_zero));
  whycam::picture::write_npy(argv[3], answer);
  if (argc == 6) whycam::picture::write_npy(argv[5], explanation.output);
  std::cout << "ready " << first << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    const auto start = std::chrono::steady_clock::now();
    network.explain(inputs, layer, {target}, options);
    std::cout << std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() << std::endl;
  }
}
