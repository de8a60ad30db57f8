#include <opencv2/imgcodecs.hpp>

#include <algorithm>

#include "fixtures.h"
#include "whycam/picture/errors.h"

namespace whycam::picture {
namespace {

std::string refusal(const Bytes& bytes) {
  const TemporaryFolder folder;
  save(folder / "picture.png", bytes);
  const std::string message = message_of<PictureError>([&] { read_image(folder / "picture.png", 3); });
  EXPECT_TRUE(contains(message, "picture.png")) << message;
  return message;
}

Bytes head(const Bytes& bytes, std::size_t size) {
  return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)};
}

/// A JPEG of several kilobytes; here OpenCV is only a source of bytes.
Bytes large_jpeg(bool progressive) {
  Image image = noise(60, 40);
  const cv::Mat pixels(image.height, image.width, CV_8UC3, image.pixels.data());
  Bytes jpeg;
  cv::imencode(".jpg", pixels, jpeg, {cv::IMWRITE_JPEG_PROGRESSIVE, progressive ? 1 : 0});
  return jpeg;
}

void expect_every_truncation_refused(const Bytes& whole) {
  ASSERT_GT(whole.size(), 1000U);
  for (std::size_t size = 0; size < whole.size(); size += 100) {
    const std::string message = refusal(head(whole, size));
    EXPECT_TRUE(contains(message, size == 0 ? "empty" : "truncated")) << size << ": " << message;
  }
  for (std::size_t missing = 1; missing <= 20; ++missing) {
    EXPECT_TRUE(contains(refusal(head(whole, whole.size() - missing)), "truncated")) << missing;
  }
}

TEST(ImageCorruption, RefusesOtherFormats) {
  EXPECT_TRUE(contains(refusal({'G', 'I', 'F', '8', '9', 'a'}), "neither a JPEG nor a PNG"));
  EXPECT_TRUE(contains(refusal({'B', 'M', 0, 0}), "neither"));
  EXPECT_TRUE(contains(refusal({0x89}), "neither"));
  EXPECT_TRUE(contains(refusal({}), "empty"));
}

TEST(ImageCorruption, RefusesTruncatedPng) { expect_every_truncation_refused(encode_png(noise(60, 40))); }
TEST(ImageCorruption, RefusesTruncatedJpeg) { expect_every_truncation_refused(large_jpeg(false)); }
TEST(ImageCorruption, RefusesTruncatedProgressiveJpeg) { expect_every_truncation_refused(large_jpeg(true)); }

TEST(ImageCorruption, TheThumbnailsEndIsNotThePicturesEnd) {
  // An application segment that holds a whole JPEG, as EXIF does, in a picture without an end of its own.
  const Bytes thumbnail = quadrant_jpeg();
  const std::size_t length = thumbnail.size() + 2;
  Bytes segment{0xFF, 0xE1, static_cast<std::uint8_t>(length >> 8), static_cast<std::uint8_t>(length)};
  segment.insert(segment.end(), thumbnail.begin(), thumbnail.end());
  Bytes jpeg = head(thumbnail, thumbnail.size() - 2);
  jpeg.insert(jpeg.begin() + 2, segment.begin(), segment.end());
  EXPECT_TRUE(contains(refusal(jpeg), "truncated"));
}

TEST(ImageCorruption, NoticesEveryFlippedBitOfAPng) {
  const Bytes whole = make_png(3, 2, 8, 0, {{1, 2, 3}, {4, 5, 6}});
  for (std::size_t i = 0; i < whole.size(); ++i) {
    Bytes damaged = whole;
    damaged[i] ^= 0x10;
    refusal(damaged);
  }
}

TEST(ImageCorruption, RefusesPngWithoutItsParts) {
  const Bytes magic = head(make_png(1, 1, 8, 0, {{1}}), 8);
  const Bytes header = png_chunk("IHDR", {0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0});
  const Bytes end = png_chunk("IEND", {});
  EXPECT_TRUE(contains(refusal(join({magic, header, end})), "no pixels"));
  EXPECT_TRUE(contains(refusal(join({magic, end})), "misplaced header"));
  EXPECT_TRUE(contains(refusal(join({magic, header, header, end})), "misplaced header"));
  EXPECT_TRUE(contains(refusal(join({magic, png_chunk("IHDR", {1, 2}), end})), "wrong size"));
}

TEST(ImageCorruption, RefusesAbsurdSizesBeforeAllocating) {
  EXPECT_TRUE(contains(refusal(make_png(16385, 16385, 8, 0, {{1}})), "16385 x 16385"));
  EXPECT_TRUE(contains(refusal(make_png(-1, -1, 8, 0, {{1}})), "more than whycam reads"));
  EXPECT_TRUE(contains(refusal(make_png(0, 5, 8, 0, {{1}})), "0 x 5"));
  Bytes jpeg = quadrant_jpeg();
  const Bytes frame_header{0xFF, 0xC0, 0x00, 0x11, 0x08};
  const auto frame = std::search(jpeg.begin(), jpeg.end(), frame_header.begin(), frame_header.end());
  ASSERT_NE(frame, jpeg.end());
  std::fill_n(frame + 5, 4, 0xFF);
  EXPECT_TRUE(contains(refusal(jpeg), "65535 x 65535"));
}

TEST(ImageCorruption, DamagedJpegHeadersNeverCrash) {
  const Bytes whole = quadrant_jpeg();
  const TemporaryFolder folder;
  testing::internal::CaptureStderr();  // libjpeg warns there of what it mends, and OpenCV has no switch for
                                       // it
  int refused = 0;
  for (std::size_t i = 0; i < 280; ++i) {
    for (const int flip : {0x01, 0x80, 0xFF}) {
      Bytes damaged = whole;
      damaged[i] = static_cast<std::uint8_t>(damaged[i] ^ flip);
      save(folder / "picture", damaged);
      try {
        read_image(folder / "picture", 3);  // a JPEG has no checksums: other pixels are all one can see
      } catch (const PictureError&) {
        ++refused;
      }
    }
  }
  testing::internal::GetCapturedStderr();
  EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace whycam::picture
