// What a service sets: threads of an explanation, plans made ready before traffic, memory that plans keep.
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "backends/backend.h"
#include "explain/network_state.h"
#include "explain/run_pool.h"
#include "graph/graph.h"
#include "whycam/errors.h"

namespace whycam::test {
namespace {

class Service : public testing::Test {
 protected:
  std::vector<float> map(std::size_t threads) const {
    Options options;
    options.threads = threads;
    return network_.explain(image_, "stage2", {Target(2)}, options)
        .targets[0]
        .attributions(Method::guided_grad_cam)[0]
        .values;
  }

  Network network_{explain::open_graph(std::filesystem::path(WHYCAM_SOURCE_DIR "/tests/plain/network.onnx"))};
  Tensor image_{{1, 3, 64, 64}, std::vector<float>(3 * 64 * 64, 0.25F)};
};

TEST_F(Service, GivesAnExplanationItsThreadsAndLeavesTheCallersAsTheyWere) {
  const int before = backends::cpu().thread_count();
  backends::cpu().set_thread_count(2);
  int during = 0;
  Options options;
  options.threads = 1;
  network_.explain(
      {image_}, "stage2",
      [&](const Tensor&) {
        during = backends::cpu().thread_count();
        return std::vector<Target>{2};
      },
      options);
  EXPECT_EQ(during, 1);
  EXPECT_EQ(backends::cpu().thread_count(), 2);
  options.threads = 3;
  EXPECT_THROW(network_.explain({image_}, "stage9", {2}, options), Error);
  EXPECT_EQ(backends::cpu().thread_count(), 2) << "after a failure, too";
  backends::cpu().set_thread_count(before);
  const std::vector<float> one = map(1), two = map(2);
  ASSERT_EQ(one.size(), two.size());
  for (std::size_t i = 0; i < one.size(); ++i) EXPECT_NEAR(one[i], two[i], 1e-6) << "sums in another order";
}

TEST_F(Service, PreparesPlansForTheOptionsThatItIsGiven) {
  Options options;
  options.methods = {Method::grad_cam};
  options.threads = 1;
  network_.prepare({{1, 3, 64, 64}}, {"stage2"}, options);
  const auto explanation = network_.explain({image_}, "stage2", {Target(2)}, options);
  EXPECT_EQ(explanation.targets.size(), 1U);
  EXPECT_THROW(network_.prepare({{1, 3, 64, 64}}, {"stage9"}, options), LayerError);
  EXPECT_THROW(network_.prepare({{1, 3, -1, 64}}, {"stage2"}, options), InputError);
}

TEST_F(Service, KeepsNoMoreRunsThanFitIntoTheLimit) {
  graph::Graph graph;
  const graph::Value x = graph.add_input("input0", {1, 64});
  graph.add_output("output", graph.unary(graph::Function::relu, x));
  const auto kept = [&](std::uint64_t limit) {
    limit_plan_memory(limit);
    const explain::RunPool pool(graph);
    auto one = pool.take(), two = pool.take(), three = pool.take();
    const std::size_t alone = pool.bytes();
    for (auto* run : {&one, &two, &three}) pool.give_back(std::move(*run));
    limit_plan_memory(std::uint64_t{1} << 30);
    return pool.bytes() / alone;
  };
  EXPECT_EQ(kept(std::uint64_t{1} << 30), 3U);
  EXPECT_EQ(kept(0), 1U) << "the one that was used last stays";
}

TEST_F(Service, CountsPackedWeightsOnceThatPlansShare) {
  const auto numbers = std::make_shared<std::vector<float>>(64 * 64 * 25, 0.5F);
  graph::Constant weights;
  weights.weights = std::make_shared<const graph::Weights>(std::shared_ptr<const float>(numbers, numbers->data()),
                                                           static_cast<std::int64_t>(numbers->size()));
  graph::ConvolutionAttributes window;
  window.strides = window.dilation = {1, 1};
  window.padding_begin = window.padding_end = {2, 2};
  const auto with_output = [&](const std::string& name) {
    graph::Graph graph;
    const graph::Value x = graph.add_input("input0", {1, 64, 9, 9}),
                       kernels = graph.add_constant(weights, {64, 64, 5, 5});
    graph.add_output(name, graph.add(graph::Operator::convolution, {x, kernels}, window));
    return graph;
  };
  const explain::RunPool one(with_output("one")), other(with_output("other"));
  std::set<const void*> counted;
  EXPECT_EQ(one.bytes(counted), one.bytes());
  EXPECT_EQ(other.bytes(counted), other.bytes() - numbers->size() * sizeof(float));
}

}  // namespace
}  // namespace whycam::test
