#include "whycam/picture/signal.h"

#include <cmath>

#include "fixtures.h"
#include "whycam/picture/contact_sheet.h"

namespace whycam::picture {
namespace {

Array ramp(std::int64_t channels, std::int64_t length) {
  Array signal{{channels, length}, {}};
  for (std::int64_t i = 0; i < channels * length; ++i) signal.values.push_back(static_cast<float>(i % length));
  return signal;
}

Rgb pixel(const Image& image, int x, int y) {
  const auto at = static_cast<std::size_t>(3 * (y * image.width + x));
  return {image.pixels[at], image.pixels[at + 1], image.pixels[at + 2]};
}

/// The row of the darkest pixel in the first panel's column.
int row_of_curve(const Image& image, int x) {
  int darkest = 0;
  for (int y = 0; y < 96; ++y)
    if (pixel(image, x, y)[1] < pixel(image, x, darkest)[1]) darkest = y;
  return darkest;
}

TEST(Signal, IsACurveFromTheSmallestValueToTheLargest) {
  const Image image = signal_picture(ramp(1, 64));
  EXPECT_EQ(image.width, 640);
  EXPECT_EQ(image.height, 96);
  EXPECT_NEAR(row_of_curve(image, 5), 92, 1);
  EXPECT_NEAR(row_of_curve(image, 320), 48, 2);
  EXPECT_NEAR(row_of_curve(image, 634), 4, 1);
  EXPECT_EQ(pixel(image, 5, 4), (Rgb{255, 255, 255}));
}

TEST(Signal, HasAPanelAChannelAndLimits) {
  EXPECT_EQ(signal_picture(ramp(3, 10)).height, 3 * 100 - 4);
  EXPECT_EQ(signal_picture(ramp(100, 10)).height, 64 * 100 - 4);
  EXPECT_EQ(signal_picture(ramp(1, 1)).width, 640);
  EXPECT_EQ(signal_picture(ramp(1, 1000)).width, 1000);
  const Image image = signal_picture(ramp(1, 100000));
  EXPECT_EQ(image.width, 1280);
  EXPECT_NEAR(row_of_curve(image, 640), 48, 2);
}

TEST(Signal, ShowsASpikeHoweverShort) {
  Array signal{{1, 100000}, std::vector<float>(100000, 0)};
  signal.values[50000] = 1;
  const Image image = signal_picture(signal);
  EXPECT_LT(pixel(image, 640, 10)[0], 128);
}

TEST(Signal, HasGapsWhereValuesAreNotFinite) {
  Array signal = ramp(1, 64);
  for (std::size_t i = 20; i < 40; ++i) signal.values[i] = NAN;
  const Image image = signal_picture(signal);
  for (int y = 0; y < 96; ++y) EXPECT_EQ(pixel(image, 300, y), (Rgb{255, 255, 255}));
  EXPECT_NO_THROW(signal_picture({{1, 3}, {NAN, NAN, INFINITY}}));
}

TEST(Signal, LiesBeforeItsMap) {
  const Array signal = ramp(2, 4);
  const Image heat = signal_overlay(signal, {{4}, {0, 1, 2, 4}}, ColourMap::jet, 1);
  EXPECT_EQ(pixel(heat, 5, 5), colour_at(ColourMap::jet, 0));
  EXPECT_EQ(pixel(heat, 635, 90), colour_at(ColourMap::jet, 1));
  EXPECT_EQ(pixel(heat, 635, 190), colour_at(ColourMap::jet, 1)) << "in each channel's panel";
  const Image guided = signal_map(signal, {{2, 4}, {0, 0, 0, 1, 0, 0, 0, -1}});
  EXPECT_EQ(pixel(guided, 5, 5), (Rgb{255, 255, 255}));
  EXPECT_GT(pixel(guided, 635, 90)[0], 200) << "red";
  EXPECT_LT(pixel(guided, 635, 90)[2], 60);
  EXPECT_GT(pixel(guided, 635, 190)[2], 200) << "blue";
  EXPECT_LT(pixel(guided, 635, 190)[0], 60);
  SignedMapOptions positive;
  positive.sign = Sign::positive;
  EXPECT_EQ(pixel(signal_map(signal, {{2, 4}, {0, 0, 0, 1, 0, 0, 0, -1}}, positive), 635, 190), (Rgb{255, 255, 255}));
}

TEST(Signal, RefusesOtherShapes) {
  message_of<InputError>([] { signal_picture({{3}, {1, 2, 3}}); });
  message_of<InputError>([] { signal_picture({{1, 0}, {}}); });
  message_of<InputError>([] { signal_picture({{1, 3}, {1}}); });
  message_of<InputError>([] { signal_overlay(ramp(1, 3), {{4}, {1, 2, 3, 4}}, ColourMap::jet, 0.5); });
  message_of<InputError>([] { signal_map(ramp(2, 3), {{1, 3}, {1, 2, 3}}); });
}

TEST(GridOfSlices, SetsThemOutInRows) {
  // Five slices of 100 x 200, of the levels 0 to 4.
  Image slices{500, 200, 1, {}};
  for (std::uint8_t level = 0; level < 5; ++level) slices.pixels.insert(slices.pixels.end(), 100 * 200, level);
  const Image grid = grid_of_slices(slices, 100);
  EXPECT_EQ(grid.width, 2 * 202 - 2);
  EXPECT_EQ(grid.height, 3 * 102 - 2);
  const auto level = [&](int x, int y) { return grid.pixels[static_cast<std::size_t>(y * grid.width + x)]; };
  EXPECT_EQ(level(199, 99), 0);
  EXPECT_EQ(level(200, 50), 255) << "between them";
  EXPECT_EQ(level(202, 50), 1);
  EXPECT_EQ(level(0, 102), 2);
  EXPECT_EQ(level(0, 204), 4);
  EXPECT_EQ(level(202, 204), 255) << "there are no more";
  EXPECT_EQ(grid_of_slices(pattern(4, 4, 3), 4).width, 512) << "small ones are drawn larger";
  message_of<InputError>([&] { grid_of_slices(slices, 99); });
}

TEST(GridOfSlices, LeavesSlicesOutWhereThereAreMany) {
  const Image slices{16 * 2048, 2048, 1, std::vector<std::uint8_t>(std::size_t{16} * 2048 * 2048)};
  const Image grid = grid_of_slices(slices, 2048);
  EXPECT_LE(grid.pixels.size(), std::size_t{1} << 25);
}

}  // namespace
}  // namespace whycam::picture
