// Resizing, against values worked out by hand from the definitions of torch.nn.functional.interpolate.
#include <gtest/gtest.h>

#include "support/reference.h"

namespace whycam::test {
namespace {

void expect_values(const torch::Tensor& actual, const std::vector<double>& expected) {
  const torch::Tensor values = torch::tensor(expected, torch::kDouble);
  // double arithmetic of a few operations
  EXPECT_LE((actual.reshape(-1).to(torch::kDouble) - values).abs().max().item<double>(), 1e-12) << actual;
}

torch::Tensor row(const std::vector<double>& values) {
  return torch::tensor(values, torch::kDouble).reshape({1, 1, static_cast<std::int64_t>(values.size())});
}

TEST(Interpolate, NearestTakesTheLowerNeighbour) {
  expect_values(interpolate(row({1, 2, 3}), {6}, Interpolation::nearest), {1, 1, 2, 2, 3, 3});
  expect_values(interpolate(row({1, 2, 3}), {2}, Interpolation::nearest), {1, 2});
}

TEST(Interpolate, LinearPlacesSamplesAtPixelCentres) {
  // output i stands at (i + 0.5) / 2 - 0.5 of the input, kept inside it
  expect_values(interpolate(row({0, 4}), {4}, Interpolation::linear), {0, 1, 3, 4});
}

TEST(Interpolate, AreaAveragesWhatEachPixelCovers) {
  expect_values(interpolate(row({1, 3, 5, 7}), {2}, Interpolation::area), {2, 6});
}

TEST(Interpolate, BilinearIsLinearAlongBothAxes) {
  const torch::Tensor corner = torch::tensor({{0.0, 4.0}, {8.0, 12.0}}, torch::kDouble).reshape({1, 1, 2, 2});
  expect_values(interpolate(corner, {4, 4}, Interpolation::bilinear),
                {0, 1, 3, 4, 2, 3, 5, 6, 6, 7, 9, 10, 8, 9, 11, 12});
}

TEST(Interpolate, BicubicUsesTheKernelOfMinusThreeQuarters) {
  // at 0.25 between samples the weights of (x-1, x, x+1, x+2) are W(1.25), W(0.25), W(0.75), W(1.75)
  const auto near = [](double t) { return (1.25 * t - 2.25) * t * t + 1; };
  const auto far = [](double t) { return ((-0.75 * t + 3.75) * t - 6.0) * t + 3.0; };
  const std::vector<double> values{1, 2, 4, 8};
  const double expected = far(1.25) * 1 + near(0.25) * 2 + near(0.75) * 4 + far(1.75) * 8;
  const torch::Tensor column = torch::tensor(values, torch::kDouble).reshape({1, 1, 1, 4}).expand({1, 1, 4, 4});
  const torch::Tensor resized = interpolate(column.contiguous(), {8, 8}, Interpolation::bicubic);
  EXPECT_NEAR(resized[0][0][3][3].item<double>(), expected, 1e-12);
}

TEST(Interpolate, TrilinearIsLinearAlongThreeAxes) {
  const torch::Tensor cube = torch::arange(8, torch::kDouble).reshape({1, 1, 2, 2, 2});
  const torch::Tensor resized = interpolate(cube, {4, 4, 4}, Interpolation::trilinear);
  EXPECT_NEAR(resized[0][0][1][2][0].item<double>(), 0.25 * 4 + 0.75 * 2 + 0 * 1, 1e-12);
}

TEST(Interpolate, SaysWhatDoesNotFit) {
  EXPECT_THROW(interpolate(row({1, 2}), {4, 4}, Interpolation::bilinear), InputError);
  EXPECT_THROW(interpolate(row({1, 2}), {4, 4}, Interpolation::nearest), InputError);
  EXPECT_THROW(interpolate(row({1, 2}), {0}, Interpolation::nearest), InputError);
  EXPECT_THROW(interpolate(torch::ones({2, 3}), {}, Interpolation::nearest), InputError);
}

TEST(Interpolate, NamesAndModesBelongTogether) {
  for (const Interpolation mode : {Interpolation::nearest, Interpolation::area, Interpolation::linear,
                                   Interpolation::bilinear, Interpolation::bicubic, Interpolation::trilinear})
    EXPECT_EQ(interpolation_named(to_string(mode)), mode);
  EXPECT_THROW(interpolation_named("cubic"), InputError);
}

}  // namespace
}  // namespace whycam::test
