#include "whycam/picture/render.h"

#include <cmath>
#include <limits>

#include "fixtures.h"

namespace whycam::picture {
namespace {

using Levels = std::vector<std::uint8_t>;

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float largest = std::numeric_limits<float>::max();

SignedMapOptions full_range(Sign sign) { return {sign, 100.0}; }

TEST(GreyMap, DividesByTheMaximumIntoSixteenBits) {
  const Photo photo = grey_map({{2, 3}, {0.0F, 1.0F, 4.0F, -2.0F, nan, 0.001F}});
  EXPECT_EQ(photo.levels, (std::vector<std::uint16_t>{0, 16384, 65535, 0, 0, 16}));  // 16383.75, 16.4
  EXPECT_EQ(photo.image.pixels, (std::vector<std::uint8_t>{0, 64, 255, 0, 0, 0}));
  EXPECT_EQ(photo.image.height, 2);
  EXPECT_EQ(photo.image.channels, 1);
  EXPECT_EQ(grey_map({{1, 2}, {-1.0F, 0.0F}}).levels, (std::vector<std::uint16_t>{0, 0}));
  EXPECT_THROW(grey_map({{1, 1, 2}, {1.0F, 2.0F}}), InputError);
  EXPECT_THROW(grey_map({{0, 2}, {}}), InputError);
}

TEST(Overlay, BlendsTheColouredMapWithThePicture) {
  const Image base{1, 2, 3, {10, 20, 30, 200, 100, 0}};
  // 2 / 4 is level lround(127.5) = 128; 0.25 * 128 + 0.75 * 10 = 39.5 and so on.
  EXPECT_EQ(overlay(base, {{1, 2}, {2, 4}}, ColourMap::grey, 0.25).pixels, (Levels{40, 47, 55, 214, 139, 64}));
  EXPECT_EQ(overlay(base, {{1, 2}, {2, 4}}, ColourMap::grey, 0.0).pixels, base.pixels);
  EXPECT_EQ(overlay(base, {{1, 2}, {0, 4}}, ColourMap::viridis, 1.0).pixels, (Levels{68, 1, 84, 253, 231, 37}));
}

TEST(Overlay, MakesColourOfAGreyPicture) {
  const Image image = overlay({1, 1, 1, {100}}, {{1, 1}, {1}}, ColourMap::viridis, 0.5);
  EXPECT_EQ(image.channels, 3);
  EXPECT_EQ(image.pixels, (Levels{177, 166, 69}));  // halves away from zero: 176.5, 165.5, 68.5
}

TEST(Overlay, AnEmptyMapIsZeroEverywhere) {
  const Image base{1, 2, 1, {0, 100}};
  EXPECT_EQ(overlay(base, {{1, 2}, {0, 0}}, ColourMap::grey, 0.5).pixels, (Levels{0, 0, 0, 50, 50, 50}));
  EXPECT_EQ(overlay(base, {{1, 2}, {-1, -2}}, ColourMap::grey, 0.5).pixels, (Levels{0, 0, 0, 50, 50, 50}));
}

TEST(Overlay, CountsValuesThatAreNotFiniteAsZero) {
  const Image base{1, 4, 1, {0, 0, 0, 0}};
  EXPECT_EQ(overlay(base, {{1, 4}, {nan, infinity, -infinity, 3}}, ColourMap::grey, 1.0).pixels,
            (Levels{0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255}));
  EXPECT_EQ(overlay(base, {{1, 4}, {nan, nan, nan, nan}}, ColourMap::grey, 1.0).pixels, Levels(12, 0));
}

TEST(Overlay, TheScaleOfTheMapDoesNotMatter) {
  const Image base{1, 2, 1, {0, 0}};
  for (const float scale : {std::numeric_limits<float>::denorm_min(), 1e-20f, 1.0f, largest / 2}) {
    EXPECT_EQ(overlay(base, {{1, 2}, {scale, 2 * scale}}, ColourMap::grey, 1.0).pixels,
              (Levels{128, 128, 128, 255, 255, 255}));
  }
}

TEST(Overlay, NamesTheArgumentThatIsWrong) {
  const Image base{1, 2, 1, {0, 0}};
  const auto refusal = [&](const Array& map, double alpha) {
    return message_of<InputError>([&] { overlay(base, map, ColourMap::jet, alpha); });
  };
  EXPECT_TRUE(contains(refusal({{2, 1}, {0, 0}}, 0.5), "2 x 1"));
  EXPECT_TRUE(contains(refusal({{1, 1, 2}, {0, 0}}, 0.5), "1 x 1 x 2"));
  EXPECT_TRUE(contains(refusal({{1, 2}, {0}}, 0.5), "1 values"));
  EXPECT_TRUE(contains(refusal({{1, 2}, {0, 0}}, 1.5), "1.5"));
  EXPECT_TRUE(contains(refusal({{1, 2}, {0, 0}}, std::nan("")), "nan"));
  EXPECT_THROW(overlay({1, 2, 1, {0}}, {{1, 2}, {0, 0}}, ColourMap::jet, 0.5), InputError);
}

TEST(Overlay, TakesColoursOfOnesOwn) {
  ColourTable colours{};
  for (std::size_t i = 0; i < colours.size(); ++i) colours[i] = {static_cast<std::uint8_t>(255 - i), 10, 20};
  const Image base{1, 3, 1, {0, 0, 0}};
  EXPECT_EQ(overlay(base, {{1, 3}, {0, 1, 2}}, colours, 1.0).pixels, (Levels{255, 10, 20, 127, 10, 20, 0, 10, 20}));
}

TEST(Overlay, TakesAnOpacityForEachPlace) {
  const Image base{1, 3, 1, {100, 100, 100}};
  const ColourTable& grey = colour_table(ColourMap::grey);
  const Array map{{1, 3}, {1, 1, 1}};
  EXPECT_EQ(overlay(base, map, grey, Array{{1, 3}, {0, 0.5, 1}}).pixels,
            (Levels{100, 100, 100, 178, 178, 178, 255, 255, 255}));
  for (const Array& wrong : {Array{{1, 2}, {0, 0}}, Array{{1, 3}, {0, 0, 1.5}}, Array{{1, 3}, {0, nan, 1}}})
    EXPECT_THROW(overlay(base, map, grey, wrong), InputError);
}

TEST(DivergingMap, IsWhiteAtZeroAndHasAColourForEachSign) {
  const Image image = diverging_map({{2, 1, 3}, {-2, 0, 1, -2, 0, 1}}, diverging_colours(), 100);
  EXPECT_EQ(image.channels, 3);
  ASSERT_EQ(image.pixels.size(), 9U);
  const auto pixel = [&](std::size_t at) {
    return Rgb{image.pixels[3 * at], image.pixels[3 * at + 1], image.pixels[3 * at + 2]};
  };
  EXPECT_EQ(pixel(0), (Rgb{0, 0, 255})) << "the largest magnitude, below 0";
  EXPECT_EQ(pixel(1), (Rgb{255, 254, 254})) << "0: the table has no colour in its very middle";
  EXPECT_EQ(pixel(2), colour_at(diverging_colours(), 0.75)) << "half the largest magnitude, above 0";
  EXPECT_THROW(diverging_map({{1, 3}, {1, 2, 3}}), InputError);
  EXPECT_THROW(diverging_map({{1, 1, 1}, {1}}, diverging_colours(), 0), InputError);
}

TEST(SignedMap, DrawsAroundMidGrey) {
  const Array map{{1, 1, 5}, {-2, -1, 0, 1, 2}};
  // 127 * 0.5 = 63.5, rounded away from zero on both sides.
  EXPECT_EQ(signed_map(map, full_range(Sign::all)).pixels, (Levels{1, 64, 128, 192, 255}));
  EXPECT_EQ(signed_map(map, full_range(Sign::positive)).pixels, (Levels{0, 0, 0, 128, 255}));
  EXPECT_EQ(signed_map(map, full_range(Sign::absolute)).pixels, (Levels{255, 128, 0, 128, 255}));
}

TEST(SignedMap, DrawsThreeChannelsInColourOnOneScale) {
  const Image image = signed_map({{3, 1, 2}, {4, 0, 2, 0, -4, 0}}, full_range(Sign::all));
  EXPECT_EQ(image.channels, 3);
  EXPECT_EQ(image.pixels, (Levels{255, 192, 1, 128, 128, 128}));
}

TEST(SignedMap, DrawsTheMeanOfOtherChannels) {
  const Image image = signed_map({{2, 2, 1}, {1, -3, 3, 1}}, full_range(Sign::all));  // means 2, -1
  EXPECT_EQ(image.channels, 1);
  EXPECT_EQ(image.height, 2);
  EXPECT_EQ(image.pixels, (Levels{255, 64}));
}

TEST(SignedMap, ScalesByAPercentileOfTheMagnitudesThatAreNotZero) {
  // 1, 2, ..., 100 and as many zeros: 50 percent of the hundred are at most 50.
  Array map{{1, 2, 100}, std::vector<float>(200)};
  for (std::size_t i = 0; i < 100; ++i) map.values[i] = static_cast<float>(i + 1) * (i % 2 == 0 ? 1.0f : -1.0f);
  const Image image = signed_map(map, {Sign::all, 50.0});
  EXPECT_EQ(image.pixels[24], 128 + 64);   // 25 of 50
  EXPECT_EQ(image.pixels[49], 1);          // -50
  EXPECT_EQ(image.pixels[48], 128 + 124);  // 49 of 50: 124.46
  EXPECT_EQ(image.pixels[98], 255);        // 99, clipped
  EXPECT_EQ(image.pixels[150], 128);
  EXPECT_EQ(signed_map(map, {Sign::all, 1e-9}).pixels[0], 255);  // the smallest magnitude, 1
}

TEST(SignedMap, ASingleExtremeValueDoesNotFlattenTheRest) {
  Array map{{1, 20, 50}, std::vector<float>(1000, 1.0f)};
  map.values[0] = 1e6f;
  EXPECT_EQ(signed_map(map).pixels[1], 255);
  EXPECT_EQ(signed_map(map, full_range(Sign::all)).pixels[1], 128);
}

TEST(SignedMap, NothingIsExactlyMidGreyOrBlack) {
  const Array zeros{{1, 1, 3}, {0, -0.0f, 0}};
  EXPECT_EQ(signed_map(zeros).pixels, (Levels{128, 128, 128}));
  EXPECT_EQ(signed_map(zeros, full_range(Sign::positive)).pixels, (Levels{0, 0, 0}));
  const Array broken{{1, 1, 4}, {nan, infinity, -infinity, -1}};
  EXPECT_EQ(signed_map(broken).pixels, (Levels{128, 128, 128, 1}));
}

TEST(SignedMap, SurvivesTheExtremesOfFloat) {
  EXPECT_EQ(signed_map({{2, 1, 2}, {largest, -largest, largest, -largest}}).pixels, (Levels{255, 1}));
  const float tiny = std::numeric_limits<float>::denorm_min();
  EXPECT_EQ(signed_map({{1, 1, 2}, {tiny, -tiny}}).pixels, (Levels{255, 1}));
}

TEST(SignedMap, NamesTheArgumentThatIsWrong) {
  const auto refusal = [](const Array& map, double percentile) {
    return message_of<InputError>([&] { signed_map(map, {Sign::all, percentile}); });
  };
  EXPECT_TRUE(contains(refusal({{1, 2}, {0, 0}}, 99), "C x H x W"));
  EXPECT_TRUE(contains(refusal({{0, 1, 2}, {}}, 99), "0 x 1 x 2 is empty"));
  EXPECT_TRUE(contains(refusal({{1, 1, 1}, {0}}, 0), "percentile"));
  EXPECT_TRUE(contains(refusal({{1, 1, 1}, {0}}, 100.5), "100.5"));
  EXPECT_TRUE(contains(refusal({{1, 1, 1}, {0}}, std::nan("")), "nan"));
}

TEST(PictureOfTensor, StretchesTheRange) {
  EXPECT_EQ(picture_of_tensor({{1, 1, 3}, {-1, 0, 1}}).pixels, (Levels{0, 128, 255}));
  const Image colour = picture_of_tensor({{3, 1, 2}, {0, 255, 51, 102, 153, 204}});
  EXPECT_EQ(colour.channels, 3);
  EXPECT_EQ(colour.pixels, (Levels{0, 51, 153, 255, 102, 204}));
  EXPECT_EQ(picture_of_tensor({{2, 1, 2}, {0, 1, 2, 3}}).pixels, (Levels{0, 255}));
}

TEST(PictureOfTensor, HasNoGarbage) {
  EXPECT_EQ(picture_of_tensor({{1, 1, 4}, {5, nan, infinity, 9}}).pixels, (Levels{0, 0, 0, 255}));
  EXPECT_EQ(picture_of_tensor({{1, 1, 2}, {7, 7}}).pixels, (Levels{128, 128}));
  EXPECT_EQ(picture_of_tensor({{1, 1, 2}, {nan, nan}}).pixels, (Levels{0, 0}));
  EXPECT_EQ(picture_of_tensor({{1, 1, 3}, {-largest, 0, largest}}).pixels, (Levels{0, 128, 255}));
  EXPECT_THROW(picture_of_tensor({{4}, {1, 2, 3, 4}}), InputError);
  EXPECT_THROW(picture_of_tensor({{1, 2, 2}, {1}}), InputError);
}

}  // namespace
}  // namespace whycam::picture
