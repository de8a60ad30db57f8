// Gradients in bfloat16: how near to exact ones they are, and what is said where there are none.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>
#include <random>

#include "backends/backend.h"
#include "explain/network_state.h"
#include "whycam/errors.h"

namespace whycam::test {
namespace {

using Values = std::vector<float>;

double relative_l2(const Values& actual, const Values& expected) {
  double apart = 0, size = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    apart += std::pow(static_cast<double>(actual[i]) - expected[i], 2);
    size += std::pow(static_cast<double>(expected[i]), 2);
  }
  return std::sqrt(apart / size);
}

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

Network load(const std::string& file) {
  return Network(explain::open_graph(std::filesystem::path(WHYCAM_SOURCE_DIR "/tests/" + file)));
}

Tensor picture(std::int64_t examples, std::int64_t size) {
  Tensor result{{examples, 3, size, size}, {}};
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  for (std::int64_t i = 0; i < examples * 3 * size * size; ++i) result.values.push_back(normal(random));
  return result;
}

class FastPrecision : public testing::TestWithParam<std::int64_t> {
 protected:
  Network network_ = load("plain/network.onnx");
  Tensor image_ = picture(GetParam(), 64);

  Network::Explanation explain(Precision precision, const std::string& layer) const {
    Options options;
    options.precision = precision;
    options.methods = {Method::grad_cam, Method::guided_backprop, Method::guided_grad_cam, Method::deconvolution};
    return network_.explain({image_}, layer, {Target(3), Target(1)}, options);
  }
};

TEST_P(FastPrecision, IsNearToExactBehindTheSameForwardPass) {
  for (const char* layer : {"stage1", "stage2"}) {
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
        if (method == Method::grad_cam) EXPECT_EQ(one, other) << "heat maps are exact";
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
