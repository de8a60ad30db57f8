// What a network saw, and maps of it on the picture that it was made of.
#include "whycam/picture/geometry.h"

#include <algorithm>
#include <cmath>

#include "fixtures.h"
#include "whycam/picture/preprocess.h"
#include "whycam/picture/render.h"

namespace whycam::picture {
namespace {

Preprocessing preprocessing(int size, int crop = 0) {
  Preprocessing result;
  result.height = result.width = size;
  result.crop_height = result.crop_width = crop;
  return result;
}

void expect_rectangle(const Rectangle& rectangle, double left, double top, double width, double height) {
  EXPECT_DOUBLE_EQ(rectangle.left, left);
  EXPECT_DOUBLE_EQ(rectangle.top, top);
  EXPECT_DOUBLE_EQ(rectangle.width, width);
  EXPECT_DOUBLE_EQ(rectangle.height, height);
}

/// A map with a plane of values: linear interpolation gives it back wherever it need not be continued.
Array ramp(int height, int width, double by_row, double by_column) {
  Array map{{height, width}, {}};
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) map.values.push_back(static_cast<float>(by_row * y + by_column * x));
  return map;
}

TEST(Geometry, SaysWhatTheNetworkSaw) {
  expect_rectangle(geometry_of(300, 400, preprocessing(224)).crop_in_original(), 0, 0, 400, 300);
  // Resize(256) of 400 x 300 is 341 x 256 (341.33 cut off); CenterCrop(224) begins at 58.5, which rounds to the
  // even 58.
  expect_rectangle(geometry_of(300, 400, preprocessing(256, 224)).crop_in_original(), 58 * 400 / 341.0,
                   16 * 300 / 256.0, 224 * 400 / 341.0, 224 * 300 / 256.0);
  // 256 x 303: (303 - 224) / 2 = 39.5 rounds to 40.
  const Geometry upright = geometry_of(303, 256, preprocessing(256, 224));
  EXPECT_EQ(upright.top, 40);
  EXPECT_EQ(upright.left, 16);
  expect_rectangle(upright.crop_in_original(), 16, 40, 224, 224);
}

TEST(Geometry, GivesBackTheValuesWhereNothingWasResized) {
  const Geometry whole = geometry_of(5, 7, [] {
    Preprocessing same;
    same.height = 5;
    same.width = 7;
    return same;
  }());
  Array map = ramp(5, 7, 0.1, 0.7);
  map.values[3] = NAN;
  const Array back = whole.to_original(map);
  EXPECT_EQ(back.shape, map.shape);
  for (std::size_t i = 0; i < map.values.size(); ++i)
    EXPECT_TRUE(back.values[i] == map.values[i] || (i == 3 && std::isnan(back.values[i]))) << i;
}

TEST(Geometry, PutsACropInItsPlace) {
  // The shorter side is 6 already: nothing is resized, and rows 1 to 4, columns 2 to 5 are cut out of 6 x 9.
  const Geometry part = geometry_of(6, 9, preprocessing(6, 4));
  EXPECT_EQ(part.top, 1);
  EXPECT_EQ(part.left, 2);  // 2.5 rounds to 2
  const Array map = ramp(4, 4, 10, 1), back = part.to_original(map);
  EXPECT_EQ(back.shape, (std::vector<std::int64_t>{6, 9}));
  for (int y = 0; y < 6; ++y)
    for (int x = 0; x < 9; ++x) {
      const float value = back.values[static_cast<std::size_t>(9 * y + x)];
      const bool inside = y >= 1 && y < 5 && x >= 2 && x < 6;
      EXPECT_TRUE(inside ? value == static_cast<float>(10 * (y - 1) + x - 2) : std::isnan(value)) << y << ", " << x;
    }
}

TEST(Geometry, UndoesAResizeOfOddSizes) {
  const Geometry part = geometry_of(37, 53, preprocessing(24, 17));
  EXPECT_EQ(part.resized_width, 34);  // 24 * 53 / 37 = 34.4
  const Array map = ramp(17, 17, 2, -1), back = part.to_original(map);
  const Rectangle seen = part.crop_in_original();
  int inside = 0;
  for (int y = 0; y < 37; ++y)
    for (int x = 0; x < 53; ++x) {
      const float value = back.values[static_cast<std::size_t>(53 * y + x)];
      const bool in_rectangle = x + 0.5 >= seen.left && x + 0.5 < seen.left + seen.width && y + 0.5 >= seen.top &&
                                y + 0.5 < seen.top + seen.height;
      ASSERT_EQ(!std::isnan(value), in_rectangle) << y << ", " << x;
      if (!in_rectangle) continue;
      // The pixel's centre in the crop, by hand; beyond the outermost centres the map goes on with its last value.
      const double row = std::min(std::max((y + 0.5) * 24 / 37 - part.top - 0.5, 0.0), 16.0),
                   column = std::min(std::max((x + 0.5) * 34 / 53 - part.left - 0.5, 0.0), 16.0);
      EXPECT_NEAR(value, 2 * row - column, 1e-5) << y << ", " << x;
      ++inside;
    }
  EXPECT_NEAR(inside, seen.width * seen.height, 27 + 27) << "a row and a column at most";
}

TEST(Geometry, FindsAPlaceAgain) {
  // A bright block goes through preprocessing and comes back where it was, within a pixel of the network's.
  Image image{200, 300, 1, std::vector<std::uint8_t>(200 * 300, 0)};
  for (int y = 90; y < 110; ++y)
    for (int x = 180; x < 200; ++x) image.pixels[static_cast<std::size_t>(300 * y + x)] = 255;
  Preprocessing grey = preprocessing(80, 64);
  grey.mean = {0};
  grey.standard_deviation = {1};
  const Seen seen = see({image}, grey);
  const Array back = seen.geometry.to_original(seen.input);
  EXPECT_EQ(back.shape, (std::vector<std::int64_t>{1, 1, 200, 300}));
  double total = 0, rows = 0, columns = 0;
  for (int y = 0; y < 200; ++y)
    for (int x = 0; x < 300; ++x) {
      const float value = back.values[static_cast<std::size_t>(300 * y + x)];
      if (std::isnan(value)) continue;
      total += value;
      rows += value * (y + 0.5);
      columns += value * (x + 0.5);
    }
  EXPECT_NEAR(rows / total, 100, 0.1);
  EXPECT_NEAR(columns / total, 190, 0.1);
  EXPECT_NEAR(total, 20 * 20, 4) << "as bright as before";
}

TEST(Geometry, SpreadsCoarseMapsOverTheCrop) {
  const Array back = geometry_of(8, 8, preprocessing(8, 4)).to_original({{2, 2}, {1, 2, 3, 4}});
  // The crop's four columns lie at -0.25 (so 0), 0.25, 0.75 and 1.25 (so 1) of the map.
  const std::vector<float> row(back.values.begin() + 2 * 8, back.values.begin() + 3 * 8);
  EXPECT_TRUE(std::isnan(row[1]) && std::isnan(row[6]));
  EXPECT_EQ(std::vector<float>(row.begin() + 2, row.begin() + 6), (std::vector<float>{1, 1.25, 1.75, 2}));
}

TEST(Geometry, LeavesThePictureAloneOutsideTheCrop) {
  const Image photo = pattern(9, 6, 3);
  const Geometry part = geometry_of(6, 9, preprocessing(6, 4));
  const Image drawn = overlay_on_original(photo, ramp(4, 4, 0, 1), part, ColourMap::jet, 0.5);
  const Image whole = overlay(photo, Array{{6, 9}, std::vector<float>(54, 0)}, ColourMap::jet, 0.5);
  for (int y = 0; y < 6; ++y)
    for (int x = 0; x < 9; ++x) {
      const bool inside = y >= 1 && y < 5 && x >= 2 && x < 6;
      const auto at = static_cast<std::size_t>(3 * (9 * y + x));
      for (std::size_t channel = at; channel < at + 3; ++channel) {
        if (!inside) {
          EXPECT_EQ(drawn.pixels[channel], photo.pixels[channel]) << y << ", " << x;
        } else if (x == 2) {
          EXPECT_EQ(drawn.pixels[channel], whole.pixels[channel]) << "the map's 0";
        }
      }
    }
}

TEST(Geometry, CountsFromThePictureAsItWasSeen) {
  // A JPEG of 16 x 8 that lies on its side: it is seen as 8 wide and 16 high.
  Bytes jpeg = encode_jpeg(pattern(16, 8, 3), 90);
  const Bytes orientation = from_hex(
      "ffe10022457869660000"
      "49492a0008000000"
      "0100"
      "1201"
      "0300"
      "01000000"
      "06000000"
      "00000000");
  jpeg.insert(jpeg.begin() + 2, orientation.begin(), orientation.end());
  const TemporaryFolder folder;
  save(folder / "picture.jpg", jpeg);
  Preprocessing small = preprocessing(8, 8);
  const Seen seen = see(read_photo(folder / "picture.jpg", 3), small);
  EXPECT_EQ(seen.geometry.height, 16);
  EXPECT_EQ(seen.geometry.width, 8);
  expect_rectangle(seen.geometry.crop_in_original(), 0, 4, 8, 8);
}

TEST(Geometry, RefusesWhatItCannotUse) {
  const Geometry part = geometry_of(6, 9, preprocessing(6, 4));
  message_of<InputError>([&] { part.to_original({{4}, {1, 2, 3, 4}}); });
  message_of<InputError>([&] { part.to_original({{4, 4}, {1}}); });
  message_of<InputError>([&] { part.to_original({{0, 4}, {}}); });
  message_of<InputError>([&] { geometry_of(0, 9, preprocessing(6)); });
  EXPECT_TRUE(contains(message_of<InputError>([&] { geometry_of(6, 9, preprocessing(6, 7)); }),
                       "a crop of 7 x 7 does not fit into the picture, 6 x 9 after resizing"));
  message_of<InputError>([&] { overlay_on_original(pattern(8, 6, 3), ramp(4, 4, 1, 1), part, ColourMap::jet, 0.5); });
}

TEST(See, KeepsAllLevels) {
  Photo photo{{1, 4, 1, {0, 0, 0, 1}}, {0, 1, 2, 256}};
  Preprocessing same;
  same.height = 1;
  same.width = 4;
  same.mean = {0};
  same.standard_deviation = {1};
  const Seen seen = see(photo, same);
  EXPECT_EQ(seen.input.values, (std::vector<float>{0, 1 / 65535.0F, 2 / 65535.0F, 256 / 65535.0F}));
  EXPECT_EQ(seen.picture.pixels, (std::vector<std::uint8_t>{0, 1, 2, 255})) << "from the smallest to the largest";
  same.width = 2;
  EXPECT_EQ(see(photo, same).input.shape, (std::vector<std::int64_t>{1, 1, 1, 2}));
  photo.levels.pop_back();
  message_of<InputError>([&] { see(photo, same); });
}

TEST(See, IsWhatPreprocessingGives) {
  const Image photo = pattern(40, 30, 3);
  const Preprocessing some = preprocessing(24, 20);
  const Seen seen = see({photo}, some);
  EXPECT_EQ(seen.picture.pixels, resize_for_network(photo, some).pixels);
  EXPECT_EQ(seen.input.values, to_network_input(photo, some).values);
}

TEST(Geometry, MapsRectanglesToWhatWasSeenAndBack) {
  const Geometry geometry{60, 90, 32, 48, 4, 12, 24, 24};  // 60 x 90 pixels, a crop of 24 x 24 from row 4 and column 12
  const Rectangle seen = geometry.to_seen({45, 15, 15, 30});
  EXPECT_DOUBLE_EQ(seen.left, 45 * 48.0 / 90 - 12);
  EXPECT_DOUBLE_EQ(seen.top, 15 * 32.0 / 60 - 4);
  EXPECT_DOUBLE_EQ(seen.width, 8);
  EXPECT_DOUBLE_EQ(seen.height, 16);
  const Rectangle back = geometry.to_original(seen), crop = geometry.to_original({0, 0, 24, 24});
  EXPECT_NEAR(back.left, 45, 1e-12);
  EXPECT_NEAR(back.top, 15, 1e-12);
  EXPECT_NEAR(back.width, 15, 1e-12);
  EXPECT_NEAR(back.height, 30, 1e-12);
  EXPECT_NEAR(crop.left, geometry.crop_in_original().left, 1e-12);
  EXPECT_NEAR(crop.height, geometry.crop_in_original().height, 1e-12);
}

}  // namespace
}  // namespace whycam::picture
