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
  const std::string message = message_of<InputError>([] { colour_map_named("rainbow"); });
  EXPECT_TRUE(contains(message, "\"rainbow\"; there are jet, turbo, viridis")) << message;
  EXPECT_TRUE(contains(message, "grey")) << message;
  EXPECT_THROW(colour_map_named(""), InputError);
  EXPECT_THROW(name_of(static_cast<ColourMap>(9)), InputError);
}

TEST(Colour, MapsAreThePublishedOnes) {
  struct Published {
    ColourMap map;
    Rgb low, middle, high;  ///< the entries 0, 128 and 255
  };
  // viridis, inferno, magma and plasma by matplotlib, turbo by Google, the others by OpenCV.
  for (const Published& published : {Published{ColourMap::viridis, {68, 1, 84}, {33, 145, 140}, {253, 231, 37}},
                                     {ColourMap::inferno, {0, 0, 4}, {188, 55, 84}, {252, 255, 164}},
                                     {ColourMap::magma, {0, 0, 4}, {183, 55, 121}, {252, 253, 191}},
                                     {ColourMap::plasma, {13, 8, 135}, {204, 71, 120}, {240, 249, 33}},
                                     {ColourMap::turbo, {48, 18, 59}, {164, 252, 60}, {122, 4, 3}},
                                     {ColourMap::jet, {0, 0, 128}, {130, 255, 126}, {128, 0, 0}},
                                     {ColourMap::hot, {0, 0, 0}, {255, 65, 0}, {255, 255, 255}},
                                     {ColourMap::bone, {0, 0, 0}, {112, 123, 144}, {255, 255, 255}}}) {
    const ColourTable& table = colour_table(published.map);
    EXPECT_EQ(table[0], published.low) << name_of(published.map);
    EXPECT_EQ(table[128], published.middle) << name_of(published.map);
    EXPECT_EQ(table[255], published.high) << name_of(published.map);
  }
}

TEST(Colour, MapsHaveNoJumps) {
  for (const std::string& name : colour_map_names()) {
    const ColourTable& table = colour_table(colour_map_named(name));
    for (std::size_t i = 1; i < table.size(); ++i)
      for (std::size_t channel = 0; channel < 3; ++channel)
        EXPECT_LE(std::abs(table[i][channel] - table[i - 1][channel]), 10) << name << " at " << i;
  }
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
