// What races of one network against itself share.
#pragma once

#include <malloc.h>
#include <whycam/network.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace whycam::race {

struct Arguments {
  std::string network;
  std::int64_t batch = 1;
  int rounds = 21;
};

/// NETWORK [BATCH] [ROUNDS]; ends the program where they are others.
inline Arguments arguments(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: " << argv[0] << " NETWORK [BATCH] [ROUNDS]   (OMP_NUM_THREADS sets the threads)\n";
    std::exit(2);
  }
  return {argv[1], argc > 2 ? std::stoll(argv[2]) : 1, argc > 3 ? std::stoi(argv[3]) : 21};
}

inline Tensor noise(std::int64_t batch) {
  Tensor input{{batch, 3, 224, 224}, {}};
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  for (std::int64_t i = 0; i < batch * 3 * 224 * 224; ++i) input.values.push_back(normal(random));
  return input;
}

/// Relative L2 error.
inline double apart(const Tensor& actual, const Tensor& expected) {
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < expected.values.size(); ++i) {
    difference += std::pow(static_cast<double>(actual.values[i]) - expected.values[i], 2);
    size += std::pow(static_cast<double>(expected.values[i]), 2);
  }
  return size == 0 ? std::sqrt(difference) : std::sqrt(difference / size);
}

/// What it takes, in seconds.
template <class Work>
double seconds(const Work& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

inline double median(std::vector<double> numbers) {
  std::sort(numbers.begin(), numbers.end());
  return numbers[numbers.size() / 2];
}

/// The median time of the second over that of the first. They run in turns, in blocks of several runs of which the
/// first is not counted: each then has its own weights in the caches, as it has in a program that explains in a loop.
/// Freed memory is kept, since getting it again would be a part of both times.
template <class First, class Second>
double ratio(int rounds, const First& first, const Second& second) {
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  mallopt(M_MMAP_THRESHOLD, std::numeric_limits<int>::max());
  std::vector<double> of_first, of_second;
  const auto timed = [](const auto& work, std::vector<double>& times) {
    work();
    for (int i = 0; i < 4; ++i) times.push_back(seconds(work));
  };
  for (int round = 0; round < rounds; ++round) {
    timed(first, of_first);
    timed(second, of_second);
  }
  return median(of_second) / median(of_first);
}

}  // namespace whycam::race
