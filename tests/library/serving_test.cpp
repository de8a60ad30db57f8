// A service: eight threads, 200 requests of all kinds, one network. Every answer is, bit for bit, that of one thread
// alone. Built with -DWHYCAM_SANITIZE_THREAD=ON it shows whether any of that is a race.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "whycam/network.h"

namespace whycam::test {
namespace {

constexpr std::size_t request_count = 200, worker_count = 8;

/// What one request asks for; every number has a mixture of its own.
struct Request {
  Tensor image;
  std::vector<std::string> layers;
  std::vector<Target> targets;
  Options options;

  Request(std::size_t number, std::size_t threads) {
    const std::vector<Shape> shapes{{1, 3, 64, 64}, {2, 3, 48, 40}, {1, 3, 33, 57}};
    image.shape = shapes[number % shapes.size()];
    image.values.resize(static_cast<std::size_t>(picture::element_count(image.shape)));
    for (std::size_t i = 0; i < image.values.size(); ++i)
      image.values[i] = static_cast<float>((i * (number + 1)) % 23) / 23 - 0.5F;

    const std::vector<std::vector<std::string>> of_layers{{"stage2"}, {"stage1"}, {"stage1", "stage2"}};
    layers = of_layers[number / 3 % of_layers.size()];
    const auto best = static_cast<std::int64_t>(number % 6);
    const std::vector<std::vector<Target>> of_targets{
        {best}, {Target(best).minus(5 - best)}, {Target(best).negated(), 2}, {best, Target::at({1})}};
    targets = of_targets[number / 9 % of_targets.size()];
    options.threads = threads;
    if (number % 5 == 0) options.methods = {Method::grad_cam, Method::layer_cam, Method::saliency};
    if (number % 7 == 0) options.smooth = 2;
    if (number % 11 == 0) options.attribute_to_layer_input = true;
    if (number % 2 == 0) options.interpolation = Interpolation::bilinear;
  }
};

/// All numbers of an answer, one behind the other.
std::vector<float> answer(const Network& network, const Request& request) {
  const auto explanation = network.explain({request.image}, request.layers, request.targets, request.options);
  std::vector<float> numbers = explanation.output.values;
  const auto append = [&](const std::vector<Tensor>& tensors) {
    for (const Tensor& tensor : tensors) numbers.insert(numbers.end(), tensor.values.begin(), tensor.values.end());
  };
  for (const auto& target : explanation.targets) {
    numbers.insert(numbers.end(), target.scores.begin(), target.scores.end());
    for (std::size_t layer = 0; layer < request.layers.size(); ++layer)
      for (const Method method : request.options.methods) append(target.attributions(method, layer));
  }
  return numbers;
}

void expect_eight_answer_as_one(std::size_t threads) {
  const auto load = [] { return Network::load(WHYCAM_SOURCE_DIR "/tests/plain/network.onnx"); };
  const Network network = load();
  std::vector<std::vector<float>> answers(request_count);
  std::vector<std::string> failures(request_count);
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i; (i = next++) < request_count;) {
      try {
        answers[i] = answer(network, Request(i, threads));
      } catch (const std::exception& error) {
        failures[i] = error.what();
      }
    }
  };
  std::vector<std::thread> workers;
  for (std::size_t i = 0; i < worker_count; ++i) workers.emplace_back(work);
  for (std::thread& worker : workers) worker.join();

  const Network alone = load();
  for (std::size_t i = 0; i < request_count; ++i) {
    ASSERT_EQ(failures[i], "") << "request " << i;
    ASSERT_EQ(answers[i], answer(alone, Request(i, threads))) << "request " << i;
  }
}

TEST(Serving, EightThreadsAnswerAsOne) { expect_eight_answer_as_one(1); }

TEST(Serving, EightThreadsAnswerAsOneWhilePlansArePutAside) {
  limit_plan_memory(std::uint64_t{1} << 20);  // a plan or two
  expect_eight_answer_as_one(1);
  limit_plan_memory(std::uint64_t{1} << 30);
}

TEST(Serving, EightThreadsOfTwoEachAnswerAsOne) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "GCC's OpenMP is not instrumented, and all that its threads share looks like a race; clang's is seen";
#endif
  expect_eight_answer_as_one(2);
}

}  // namespace
}  // namespace whycam::test
