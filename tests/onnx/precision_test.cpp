// Gradients in bfloat16: how near to exact ones they are, and what is said where there are none.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "backends/backend.h"
#include "explain/network_state.h"
#include "onnx/model_builder.h"
#include "support/arrays.h"
#include "whycam/errors.h"

namespace whycam::test {
namespace {

using Values = std::vector<float>;

std::vector<double> ranks(const Values& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> result(values.size());
  for (std::size_t begin = 0, end = 0; begin < order.size(); begin = end) {  // equal values share their mean rank
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    for (std::size_t i = begin; i < end; ++i) result[order[i]] = static_cast<double>(begin + end - 1) / 2;
  }
  return result;
}

/// Spearman's.
double rank_correlation(const Values& one, const Values& other) {
  const std::vector<double> a = ranks(one), b = ranks(other);
  const double mean = static_cast<double>(a.size() - 1) / 2;
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - mean) * (b[i] - mean);
    aa += (a[i] - mean) * (a[i] - mean);
    bb += (b[i] - mean) * (b[i] - mean);
  }
  return ab / std::sqrt(aa * bb);
}

std::vector<float> normal(std::size_t count, float deviation, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> distribution(0, deviation);
  std::vector<float> numbers(count);
  for (float& number : numbers) number = distribution(random);
  return numbers;
}

/// Two convolutions that are wide enough to be rounded and none for Winograd's algorithm, and a first one that is not.
Network wide_network() {
  onnx::ModelBuilder builder;
  builder.input("x", {-1, 3, 20, 20}).output("y");
  builder.tensor(onnx::tensor_of("w1", {64, 3, 3, 3}, normal(64 * 27, 0.3F, 1)));
  builder.tensor(onnx::tensor_of("w2", {64, 64, 5, 5}, normal(64 * 64 * 25, 0.036F, 2)));
  builder.tensor(onnx::tensor_of("w3", {64, 64, 5, 5}, normal(64 * 64 * 25, 0.036F, 3)));
  builder.tensor(onnx::tensor_of("w4", {64, 6}, normal(64 * 6, 0.2F, 4)));
  const onnx::Attributes window{{"kernel_shape", std::vector<std::int64_t>{3, 3}},
                                {"pads", std::vector<std::int64_t>{1, 1, 1, 1}}};
  const onnx::Attributes wide{{"kernel_shape", std::vector<std::int64_t>{5, 5}},
                              {"pads", std::vector<std::int64_t>{2, 2, 2, 2}}};
  builder.node("Conv", {"x", "w1"}, {"c1"}, window)
      .node("Relu", {"c1"}, {"r1"}, {}, "stem")
      .node("Conv", {"r1", "w2"}, {"c2"}, wide)
      .node("Relu", {"c2"}, {"r2"}, {}, "body")
      .node("Conv", {"r2", "w3"}, {"c3"}, wide)
      .node("Relu", {"c3"}, {"r3"}, {}, "top")
      .node("GlobalAveragePool", {"r3"}, {"p"})
      .node("Flatten", {"p"}, {"f"})
      .node("MatMul", {"f", "w4"}, {"y"});
  return Network(explain::graph_state(builder.network()));
}

Tensor picture(std::int64_t examples) {
  return {{examples, 3, 20, 20}, normal(static_cast<std::size_t>(examples * 3 * 20 * 20), 1, 7)};
}

class FastPrecision : public testing::TestWithParam<std::int64_t> {
 protected:
  Network network_ = wide_network();
  Tensor image_ = picture(GetParam());

  Network::Explanation explain(Precision precision, const std::string& layer) const {
    Options options;
    options.precision = precision;
    options.methods = {Method::grad_cam, Method::guided_backprop, Method::guided_grad_cam, Method::deconvolution};
    return network_.explain({image_}, layer, {Target(3), Target(1)}, options);
  }
};

TEST_P(FastPrecision, IsNearToExactBehindTheSameForwardPass) {
  for (const char* layer : {"stem", "top"}) {
    const Network::Explanation exact = explain(Precision::exact, layer), fast = explain(Precision::fast, layer);
    EXPECT_EQ(fast.output.values, exact.output.values);
    EXPECT_EQ(fast.activations.relus_guided, exact.activations.relus_guided);
    bool rounded = false;
    for (std::size_t target = 0; target < 2; ++target)
      for (const Method method :
           {Method::grad_cam, Method::guided_backprop, Method::guided_grad_cam, Method::deconvolution}) {
        SCOPED_TRACE(std::string(layer) + ", " + to_string(method));
        const Values &one = fast.targets[target].attributions(method)[0].values,
                     &other = exact.targets[target].attributions(method)[0].values;
        rounded = rounded || one != other;
        if (method == Method::grad_cam) {
          EXPECT_EQ(one, other) << "heat maps are exact";
        }
        // Factors are rounded to 8 bits: by 2^-9 at most, and the errors of many products add up at random. In maps
        // that are near 0 at most places, the order of these means little.
        EXPECT_LE(relative_l2(one, other), 1e-2);
        EXPECT_GE(rank_correlation(one, other), method == Method::guided_grad_cam ? 0.998 : 0.999);
      }
    EXPECT_EQ(rounded, backends::cpu().multiplies_bfloat16());
    EXPECT_EQ(fast.warnings.empty(), backends::cpu().multiplies_bfloat16());
    EXPECT_TRUE(exact.warnings.empty());
  }
}

INSTANTIATE_TEST_SUITE_P(Examples, FastPrecision, testing::Values(1, 3), testing::PrintToStringParamName());

TEST(Precision, IsNamedAsItIsWritten) {
  for (const Precision precision : {Precision::exact, Precision::fast})
    EXPECT_EQ(precision_named(to_string(precision)), precision);
  EXPECT_THROW(precision_named("quick"), InputError);
}

}  // namespace
}  // namespace whycam::test
