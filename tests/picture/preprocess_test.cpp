#include "whycam/picture/preprocess.h"

#include <limits>

#include "fixtures.h"

namespace whycam::picture {
namespace {

using Levels = std::vector<std::uint8_t>;

Preprocessing resize_to(int height, int width, int channels) {
  Preprocessing preprocessing;
  preprocessing.height = height;
  preprocessing.width = width;
  preprocessing.mean.resize(static_cast<std::size_t>(channels));
  preprocessing.standard_deviation.resize(static_cast<std::size_t>(channels));
  return preprocessing;
}

Preprocessing resize_and_crop(int shorter_side, int crop_height, int crop_width) {
  Preprocessing preprocessing = resize_to(shorter_side, 224, 1);
  preprocessing.crop_height = crop_height;
  preprocessing.crop_width = crop_width;
  return preprocessing;
}

/// Tells any two pictures apart that differ in one level or in the order of two.
std::int64_t weighted_sum(const Levels& levels) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < levels.size(); ++i) sum += levels[i] * static_cast<std::int64_t>(i % 9973);
  return sum;
}

std::string refusal(const Image& image, const Preprocessing& preprocessing) {
  return message_of<InputError>([&] { resize_for_network(image, preprocessing); });
}

// All expected levels are those of PIL 9.4: Image.resize((width, height), BILINEAR).

TEST(Preprocess, ShrinksAsPil) {
  EXPECT_EQ(
      resize_for_network(pattern(13, 9, 1), resize_to(5, 4, 1)).pixels,
      (Levels{98, 124, 112, 117, 130, 133, 126, 133, 130, 145, 132, 135, 108, 133, 133, 138, 136, 127, 119, 126}));
  EXPECT_EQ(resize_for_network(pattern(6, 10, 3), resize_to(4, 4, 3)).pixels,
            (Levels{96,  127, 144, 119, 141, 135, 128, 119, 154, 113, 161, 127, 111, 145, 120, 133,
                    129, 139, 144, 142, 125, 136, 143, 119, 113, 140, 137, 122, 140, 124, 118, 121,
                    124, 129, 136, 106, 130, 96,  118, 146, 123, 142, 154, 120, 145, 117, 148, 98}));
}

TEST(Preprocess, EnlargesAsPil) {
  EXPECT_EQ(resize_for_network(pattern(3, 2, 1), resize_to(5, 7, 1)).pixels,
            (Levels{0,   5,   21,  37, 53, 69,  74,  9,   14,  30,  47, 63, 79,  84,  46,  51,  69, 86,
                    104, 121, 127, 82, 88, 107, 125, 144, 163, 169, 91, 97, 116, 135, 154, 173, 179}));
}

TEST(Preprocess, ShrinksOneSideAndEnlargesOrKeepsTheOtherAsPil) {
  EXPECT_EQ(resize_for_network(pattern(5, 7, 1), resize_to(3, 9, 1)).pixels,
            (Levels{78,  92,  116, 116, 109, 133, 145, 108, 85,  92,  107, 131, 134, 133,
                    132, 135, 159, 174, 121, 108, 88,  116, 157, 116, 92,  132, 157}));
  EXPECT_EQ(resize_for_network(pattern(7, 5, 1), resize_to(2, 7, 1)).pixels,
            (Levels{79, 123, 109, 153, 92, 125, 169, 87, 145, 145, 121, 168, 121, 179}));
}

TEST(Preprocess, ResizesAWholePhotographAsPil) {
  EXPECT_EQ(weighted_sum(resize_for_network(pattern(640, 427, 3), resize_to(224, 224, 3)).pixels), 95084836748);
  EXPECT_EQ(weighted_sum(resize_for_network(pattern(200, 151, 1), resize_to(226, 300, 1)).pixels), 42281169769);
}

TEST(Preprocess, KeepsAPictureOfTheRightSize) {
  EXPECT_EQ(resize_for_network(pattern(7, 5, 3), resize_to(5, 7, 3)).pixels, pattern(7, 5, 3).pixels);
}

TEST(Preprocess, ResizesTheShorterSideAndCutsTheMiddle) {
  // 20 x 13 becomes int(8 * 20 / 13) = 12 x 8; the crop begins at row round(2.5) = 2, column 4.
  const Image wide = resize_for_network(pattern(20, 13, 1), resize_and_crop(8, 3, 4));
  EXPECT_EQ(wide.height, 3);
  EXPECT_EQ(wide.width, 4);
  EXPECT_EQ(wide.pixels, (Levels{134, 132, 139, 127, 129, 114, 150, 118, 141, 130, 133, 136}));
  // 13 x 20 becomes 8 x 12; the crop begins at row round(3.5) = 4, column round(2.5) = 2.
  EXPECT_EQ(resize_for_network(pattern(13, 20, 1), resize_and_crop(8, 5, 3)).pixels,
            (Levels{138, 118, 140, 145, 100, 137, 127, 98, 102, 107, 96, 84, 100, 94, 103}));
  EXPECT_EQ(resize_for_network(pattern(9, 9, 1), resize_and_crop(7, 4, 4)).pixels,
            (Levels{130, 181, 119, 133, 127, 139, 161, 142, 113, 156, 120, 157, 88, 138, 132, 166}));
  EXPECT_EQ(resize_for_network(pattern(11, 9, 1), resize_and_crop(6, 3, 3)).pixels,
            (Levels{158, 137, 140, 139, 134, 146, 108, 140, 159}));
}

TEST(Preprocess, ACropMayBeAsLargeAsThePicture) {
  EXPECT_EQ(resize_for_network(pattern(9, 9, 1), resize_and_crop(9, 9, 9)).pixels, pattern(9, 9, 1).pixels);
  const std::string message = refusal(pattern(9, 12, 1), resize_and_crop(9, 12, 10));
  EXPECT_TRUE(contains(message, "12 x 10") && contains(message, "12 x 9")) << message;
}

TEST(Preprocess, NormalisesEachChannel) {
  Preprocessing preprocessing;
  preprocessing.height = 4;
  preprocessing.width = 5;
  const Array input = to_network_input(pattern(5, 4, 3), preprocessing);
  EXPECT_EQ(input.shape, (std::vector<std::int64_t>{1, 3, 4, 5}));
  ASSERT_TRUE(is_consistent(input));
  // By NumPy in single precision, at row 1, column 2 and at row 3, column 4.
  const auto at = [&](int channel, int y, int x) {
    return input.values[static_cast<std::size_t>((channel * 4 + y) * 5 + x)];
  };
  EXPECT_FLOAT_EQ(at(0, 1, 2), 0.947427034f);
  EXPECT_FLOAT_EQ(at(1, 1, 2), 2.02591038f);
  EXPECT_FLOAT_EQ(at(2, 1, 2), -1.29899788f);
  EXPECT_FLOAT_EQ(at(0, 3, 4), 2.14615965f);
  EXPECT_FLOAT_EQ(at(1, 3, 4), -1.23039198f);
  EXPECT_FLOAT_EQ(at(2, 3, 4), -0.0789541677f);
}

TEST(Preprocess, NormalisesGrey) {
  Preprocessing preprocessing{1, 2, 0, 0, {0.5f}, {0.25f}};
  EXPECT_EQ(to_network_input({1, 2, 1, {0, 255}}, preprocessing).values, (std::vector<float>{-2.0f, 2.0f}));
  EXPECT_EQ(preprocessing.channels(), 1);
}

TEST(Preprocess, NamesTheValueThatIsWrong) {
  const Image image = pattern(4, 4, 1);
  EXPECT_TRUE(contains(refusal(image, {4, 4, 0, 0, {0.f}, {0.f}}), "0.0"));
  EXPECT_TRUE(contains(refusal(image, {4, 4, 0, 0, {0.f}, {-1.f}}), "-1.0"));
  EXPECT_TRUE(contains(refusal(image, {4, 4, 0, 0, {std::numeric_limits<float>::quiet_NaN()}, {1.f}}), "nan"));
  EXPECT_TRUE(contains(refusal(image, {4, 4, 0, 0, {0.f}, {1.f, 1.f, 1.f}}), "1 means but 3"));
  EXPECT_TRUE(contains(refusal(image, {4, 4, 0, 0, {0.f, 0.f}, {1.f, 1.f}}), "2 means"));
  EXPECT_TRUE(contains(refusal(image, {4, 4, 0, 0, {}, {}}), "0 means"));
  EXPECT_TRUE(contains(refusal(image, {0, 4, 0, 0, {0.f}, {1.f}}), "height"));
  EXPECT_TRUE(contains(refusal(image, {4, -3, 0, 0, {0.f}, {1.f}}), "-3"));
  EXPECT_TRUE(contains(refusal(image, {4, 4, 2, 0, {0.f}, {1.f}}), "crop's width"));
  EXPECT_TRUE(contains(refusal(image, {4, 4, -2, 2, {0.f}, {1.f}}), "-2"));
  EXPECT_TRUE(contains(refusal(image, {1 << 20, 1 << 20, 0, 0, {0.f}, {1.f}}), "1048576 x 1048576"));
  EXPECT_TRUE(contains(refusal(image, Preprocessing{}), "the picture has 1 channels, the preprocessing 3"));
  EXPECT_TRUE(contains(refusal({2, 2, 1, {1}}, {4, 4, 0, 0, {0.f}, {1.f}}), "2 x 2"));
}

TEST(Preprocess, RefusesToBlowUpAStrip) {
  EXPECT_TRUE(contains(refusal(pattern(20000, 1, 1), resize_and_crop(224, 224, 224)), "224 x 4480000"));
}

}  // namespace
}  // namespace whycam::picture
