// Pictures side by side.
#include "whycam/picture/contact_sheet.h"

#include <gtest/gtest.h>

#include <string>

namespace whycam::picture {
namespace {

Image plain(int height, int width, int channels, std::uint8_t level) {
  return {height, width, channels,
          std::vector<std::uint8_t>(static_cast<std::size_t>(height * width * channels), level)};
}

std::size_t count(const Svg& sheet, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = sheet.text.find(part); at != std::string::npos; at = sheet.text.find(part, at + 1)) ++found;
  return found;
}

TEST(ContactSheet, HoldsEveryPixelOfEveryPicture) {
  const Image red{2, 3, 3, {200, 0, 0, 200, 0, 0, 200, 0, 0, 200, 0, 0, 200, 0, 0, 200, 0, 0}};
  const Svg sheet = contact_sheet(
      {"a", "b", "c"}, {{"first", {red, plain(50, 40, 1, 100)}}, {"second", {plain(30, 90, 3, 7), red, red}}});
  EXPECT_EQ(count(sheet, data_address(encode_png(red))), 3U);
  EXPECT_EQ(count(sheet, data_address(encode_png(plain(50, 40, 1, 100)))), 1U);
  EXPECT_EQ(count(sheet, "width=\"40\" height=\"50\""), 1U) << "as large as it is";
  EXPECT_EQ(count(sheet, "<image"), 5U);
  EXPECT_GT(sheet.width, 90 + 40 + 3);
  EXPECT_GT(sheet.height, 50 + 30);
}

TEST(ContactSheet, WritesTitlesAndHeadings) {
  const Svg sheet = contact_sheet({"a heading"}, {{"R&D <\"ä\">", {plain(8, 200, 1, 255)}}});
  EXPECT_EQ(count(sheet, ">a heading</text>"), 1U);
  EXPECT_EQ(count(sheet, ">R&amp;D &lt;&quot;ä&quot;&gt;</text>"), 1U);
}

TEST(ContactSheet, CutsWhatIsTooLongAndTakesAnyBytes) {
  const std::vector<Image> pictures{plain(8, 120, 1, 0)};
  const Svg sheet = contact_sheet({"x"}, {{std::string(1000, 'w'), pictures}});
  EXPECT_EQ(sheet.width, contact_sheet({"x"}, {{"short", pictures}}).width);
  EXPECT_EQ(count(sheet, "www…</text>"), 1U);
  // What is no UTF-8 (cut, overlong, a surrogate, beyond Unicode), and what XML does not allow.
  for (const std::string bytes :
       {"\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x01", "\xef\xbf\xbf"}) {
    const Svg any = contact_sheet({"x"}, {{bytes, pictures}});
    EXPECT_EQ(count(any, bytes), 0U);
    EXPECT_GE(count(any, "\xEF\xBF\xBD"), 1U);
  }
}

TEST(ContactSheet, RefusesWhatDoesNotFit) {
  EXPECT_THROW(contact_sheet({"x"}, {}), InputError);
  EXPECT_THROW(contact_sheet({"x"}, {{"", {plain(2, 2, 1, 0), plain(2, 2, 1, 0)}}}), InputError);
  EXPECT_THROW(contact_sheet({"x"}, {{"", {Image{2, 2, 3, {1}}}}}), InputError);
}

}  // namespace
}  // namespace whycam::picture
