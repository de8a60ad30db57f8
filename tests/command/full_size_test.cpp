// Maps in the pixels of the user's own picture.
#include <cmath>

#include "command/networks.h"
#include "whycam/picture/geometry.h"
#include "whycam/picture/image.h"
#include "whycam/picture/preprocess.h"

namespace whycam::test {
namespace {

class FullSize : public InputsCommand {
 protected:
  FullSize() {
    picture::Image photo{60, 91, 3, {}};
    const picture::Array levels = noise({60, 91, 3});
    for (const float level : levels.values) photo.pixels.push_back(static_cast<std::uint8_t>(128 + 100 * level));
    picture::write_image(folder_ / "photo.png", photo);
    picture::Preprocessing preprocessing;
    preprocessing.height = preprocessing.width = 32;
    preprocessing.crop_height = preprocessing.crop_width = 24;
    geometry_ = picture::geometry_of(60, 91, preprocessing);
  }

  /// A run of a network on the photo, resized to 48 x 32 and cropped to 24 x 24.
  Outcome run_on_photo(const std::vector<std::string>& more, bool channels_last = false) {
    return explain(with({network({3, {3, 3}, channels_last, {}}), folder_ / "photo.png", "--size", "32", "--crop", "24",
                         "--layer", "second", "--target", "1", "--save-npy"},
                        more));
  }

  picture::Geometry geometry_;
};

TEST_F(FullSize, GivesMapsInThePicturesPixels) {
  for (const bool channels_last : {false, true}) {
    ASSERT_EQ(run_on_photo({}, channels_last).exit_code, 0);
    const picture::Array heat = result("photo-second-1-gradcam.npy"),
                         guided = result("photo-second-1-guided-gradcam.npy");
    EXPECT_EQ(heat.shape, (std::vector<std::int64_t>{1, 1, 24, 24}));
    fs::remove_all(results());
    ASSERT_EQ(run_on_photo({"--full-size", "--contact-sheet", "--report"}, channels_last).exit_code, 0);
    const picture::Array full = result("photo-second-1-gradcam.npy"), expected = geometry_.to_original(heat);
    EXPECT_EQ(full.shape, (std::vector<std::int64_t>{1, 1, 60, 91}));
    for (std::size_t i = 0; i < full.values.size(); ++i)
      ASSERT_TRUE(full.values[i] == expected.values[i] ||
                  (std::isnan(full.values[i]) && std::isnan(expected.values[i])));
    const picture::Array full_guided = result("photo-second-1-guided-gradcam.npy");
    EXPECT_EQ(full_guided.shape,
              channels_last ? (std::vector<std::int64_t>{1, 60, 91, 3}) : (std::vector<std::int64_t>{1, 3, 60, 91}));
    fs::remove_all(results());
  }
}

TEST_F(FullSize, LeavesThePictureAloneWhereTheNetworkDidNotLook) {
  ASSERT_EQ(run_on_photo({"--full-size"}).exit_code, 0);
  const picture::Image photo = picture::read_image(folder_ / "photo.png", 3),
                       drawn = picture::read_image(fs::path(results()) / "photo-second-1-gradcam.png", 3);
  ASSERT_EQ(drawn.width, 91);
  ASSERT_EQ(drawn.height, 60);
  const picture::Rectangle seen = geometry_.crop_in_original();
  for (int y = 0; y < 60; ++y)
    for (int x = 0; x < 91; ++x) {
      const bool inside = x + 0.5 >= seen.left && x + 0.5 < seen.left + seen.width && y + 0.5 >= seen.top &&
                          y + 0.5 < seen.top + seen.height;
      const auto at = static_cast<std::size_t>(3 * (91 * y + x));
      if (inside) continue;
      ASSERT_EQ(drawn.pixels[at], photo.pixels[at]) << y << ", " << x;
    }
}

TEST_F(FullSize, TheRectangleIsAlwaysWrittenDown) {
  ASSERT_EQ(run_on_photo({}).exit_code, 0);
  const auto saw = document()["explanations"][0]["network_saw"];
  // Resize(32) of 91 x 60 is 48 x 32 (48.53 cut off); CenterCrop(24) begins at 12 and 4.
  EXPECT_DOUBLE_EQ(saw["left"].get<double>(), 12 * 91 / 48.0);
  EXPECT_DOUBLE_EQ(saw["top"].get<double>(), 4 * 60 / 32.0);
  EXPECT_DOUBLE_EQ(saw["width"].get<double>(), 24 * 91 / 48.0);
  EXPECT_DOUBLE_EQ(saw["height"].get<double>(), 24 * 60 / 32.0);
  EXPECT_EQ(nlohmann::json::parse(content(fs::path(results()) / "manifest.jsonl"))["network_saw"], saw);
}

}  // namespace
}  // namespace whycam::test
