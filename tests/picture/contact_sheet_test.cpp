// Pictures side by side.
#include "whycam/picture/contact_sheet.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace whycam::picture {
namespace {

Image plain(int height, int width, int channels, std::uint8_t level) {
  return {height, width, channels,
          std::vector<std::uint8_t>(static_cast<std::size_t>(height * width * channels), level)};
}

std::ptrdiff_t count(const Image& sheet, std::array<std::uint8_t, 3> colour) {
  std::ptrdiff_t found = 0;
  for (std::size_t i = 0; i < sheet.pixels.size(); i += 3)
    found += std::equal(colour.begin(), colour.end(), &sheet.pixels[i]);
  return found;
}

TEST(ContactSheet, HoldsEveryPixelOfEveryPicture) {
  const Image red{2, 3, 3, {200, 0, 0, 200, 0, 0, 200, 0, 0, 200, 0, 0, 200, 0, 0, 200, 0, 0}};
  const Image sheet = contact_sheet(
      {"a", "b", "c"}, {{"first", {red, plain(50, 40, 1, 100)}}, {"second", {plain(30, 90, 3, 7), red, red}}});
  EXPECT_EQ(count(sheet, {200, 0, 0}), 3 * 6);
  EXPECT_GE(count(sheet, {100, 100, 100}), 50 * 40);  // the letters have such edges, too
  EXPECT_GE(count(sheet, {7, 7, 7}), 30 * 90);
  EXPECT_EQ(sheet.pixels[0], 255) << "white around";
}

TEST(ContactSheet, WritesTitlesAndHeadings) {
  const std::vector<Image> pictures{plain(8, 200, 1, 255)};
  const Image silent = contact_sheet({""}, {{"", pictures}});
  const Image headed = contact_sheet({"heading"}, {{"", pictures}}),
              titled = contact_sheet({""}, {{"title", pictures}});
  EXPECT_EQ(count(silent, {255, 255, 255}) * 3, static_cast<std::ptrdiff_t>(silent.pixels.size()));
  EXPECT_NE(headed.pixels, silent.pixels);
  EXPECT_NE(titled.pixels, silent.pixels);
  EXPECT_NE(titled.pixels, headed.pixels);
}

TEST(ContactSheet, CutsWhatIsTooLongAndTakesAnyLetters) {
  const std::vector<Image> pictures{plain(8, 120, 1, 0)};
  const Image sheet = contact_sheet({"x"}, {{std::string(1000, 'w') + "\xc3\xa4\xff\n", pictures}});
  EXPECT_EQ(sheet.width, contact_sheet({"x"}, {{"short", pictures}}).width);
}

TEST(ContactSheet, RefusesWhatDoesNotFit) {
  EXPECT_THROW(contact_sheet({"x"}, {}), std::invalid_argument);
  EXPECT_THROW(contact_sheet({"x"}, {{"", {plain(2, 2, 1, 0), plain(2, 2, 1, 0)}}}), std::invalid_argument);
  EXPECT_THROW(contact_sheet({"x"}, {{"", {Image{2, 2, 3, {1}}}}}), std::invalid_argument);
}

}  // namespace
}  // namespace whycam::picture
