// Explanations of one network in both precisions, in turns: precision_race NETWORK [BATCH] [ROUNDS]. How far apart the
// maps are comes first, then the ratio of the medians of their times, fast over exact.
#include <whycam/network.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iostream>
#include <random>
#include <string>

namespace {

double apart(const whycam::Tensor& one, const whycam::Tensor& other) {
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < one.values.size(); ++i) {
    difference += std::pow(static_cast<double>(one.values[i]) - other.values[i], 2);
    size += std::pow(static_cast<double>(one.values[i]), 2);
  }
  return std::sqrt(difference / size);
}

double median(std::vector<double> numbers) {
  std::sort(numbers.begin(), numbers.end());
  return numbers[numbers.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: precision_race NETWORK [BATCH] [ROUNDS]   (OMP_NUM_THREADS sets the threads)\n";
    return 2;
  }
  const std::int64_t batch = argc > 2 ? std::stoll(argv[2]) : 1;
  const int rounds = argc > 3 ? std::stoi(argv[3]) : 21;
  const whycam::Network network = whycam::Network::load(argv[1]);
  whycam::Tensor input{{batch, 3, 224, 224}, {}};
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  for (std::int64_t i = 0; i < batch * 3 * 224 * 224; ++i) input.values.push_back(normal(random));
  const std::string layer = network.default_layer({input.shape});
  whycam::Options options[2];
  options[1].precision = whycam::Precision::fast;
  whycam::Network::Explanation explained[2];
  std::vector<double> seconds[2];
  for (int round = -1; round < rounds; ++round)
    for (int side = 0; side < 2; ++side) {
      const auto start = std::chrono::steady_clock::now();
      explained[side] = network.explain({input}, layer, {whycam::Target(3)}, options[side]);
      if (round >= 0)
        seconds[side].push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
  for (const std::string& warning : explained[1].warnings) std::cout << "warning: " << warning << '\n';
  for (const whycam::Method method :
       {whycam::Method::grad_cam, whycam::Method::guided_backprop, whycam::Method::guided_grad_cam})
    std::cout << to_string(method) << " apart by "
              << apart(explained[0].targets[0].attributions(method)[0], explained[1].targets[0].attributions(method)[0])
              << '\n';
  std::cout << "fast takes " << median(seconds[1]) / median(seconds[0]) << " of exact\n";
}
