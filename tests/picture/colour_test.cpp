#include "whycam/picture/colour.h"

#include <cmath>

#include "fixtures.h"

namespace whycam::picture {
namespace {

TEST(Colour, EveryMapHasItsName) {
  ASSERT_EQ(colour_map_names().size(), 9U);
  for (const std::string& name : colour_map_names()) EXPECT_EQ(name_of(colour_map_named(name)), name);
  EXPECT_EQ(colour_map_named("jet"), ColourMap::jet);
  EXPECT_EQ(colour_map_named("bone"), ColourMap::bone);
  EXPECT_EQ(colour_map_named("grey"), ColourMap::grey);
}

TEST(Colour, AnUnknownNameGetsTheListOfNames) {
  const std::string message = message_of<std::invalid_argument>([] { colour_map_named("rainbow"); });
  EXPECT_TRUE(contains(message, "\"rainbow\"; there are jet, turbo, viridis")) << message;
  EXPECT_TRUE(contains(message, "grey")) << message;
  EXPECT_THROW(colour_map_named(""), std::invalid_argument);
  EXPECT_THROW(name_of(static_cast<ColourMap>(9)), std::invalid_argument);
}

TEST(Colour, EndsOfTheMaps) {
  // As published: viridis, inferno, magma and plasma by matplotlib, turbo by Google.
  EXPECT_EQ(colour_at(ColourMap::viridis, 0.0), (Rgb{68, 1, 84}));
  EXPECT_EQ(colour_at(ColourMap::viridis, 1.0), (Rgb{253, 231, 37}));
  EXPECT_EQ(colour_at(ColourMap::inferno, 0.0), (Rgb{0, 0, 4}));
  EXPECT_EQ(colour_at(ColourMap::magma, 1.0), (Rgb{252, 253, 191}));
  EXPECT_EQ(colour_at(ColourMap::plasma, 0.0), (Rgb{13, 8, 135}));
  EXPECT_EQ(colour_at(ColourMap::turbo, 0.0), (Rgb{48, 18, 59}));
  EXPECT_EQ(colour_at(ColourMap::hot, 1.0), (Rgb{255, 255, 255}));
  EXPECT_EQ(colour_at(ColourMap::bone, 0.0), (Rgb{0, 0, 0}));
}

TEST(Colour, JetGoesFromBlueToRed) {
  const Rgb low = colour_at(ColourMap::jet, 0.0), high = colour_at(ColourMap::jet, 1.0);
  EXPECT_GT(low[2], 100);
  EXPECT_EQ(low[0], 0);
  EXPECT_GT(high[0], 100);
  EXPECT_EQ(high[2], 0);
}

TEST(Colour, GreyIsTheValue) {
  for (int level = 0; level < 256; ++level) {
    const auto expected = static_cast<std::uint8_t>(level);
    EXPECT_EQ(colour_at(ColourMap::grey, level / 255.0), (Rgb{expected, expected, expected}));
  }
}

TEST(Colour, OutsideValuesGetTheEnds) {
  EXPECT_EQ(colour_at(ColourMap::grey, -3.0), (Rgb{0, 0, 0}));
  EXPECT_EQ(colour_at(ColourMap::grey, 1e300), (Rgb{255, 255, 255}));
  EXPECT_EQ(colour_at(ColourMap::grey, std::nan("")), (Rgb{0, 0, 0}));
  EXPECT_EQ(colour_at(ColourMap::grey, INFINITY), (Rgb{255, 255, 255}));
}

}  // namespace
}  // namespace whycam::picture
