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
  EXPECT_FALSE(contains(message, "\n")) << message;
  return message;
}

Bytes head(const Bytes& bytes, std::size_t size) {
  return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)};
}

/// A JPEG of several kilobytes.
Bytes large_jpeg(bool progressive) {
  return progressive ? progressive_jpeg(noise(60, 40), 95) : encode_jpeg(noise(60, 40), 95);
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

/// The picture cut off in its compressed data, and ended as if it were whole.
void expect_early_ends_refused(const Bytes& whole, std::size_t first, const char* words) {
  for (std::size_t size = first; size + 20 < whole.size(); size += 97) {
    const std::string message = refusal(join({head(whole, size), {0xFF, 0xD9}}));
    EXPECT_TRUE(contains(message, words)) << size << ": " << message;
  }
}

/// Where the last of the markers begins.
std::size_t last_marker(const Bytes& jpeg, std::uint8_t code) {
  for (std::size_t i = jpeg.size() - 1; i-- > 0;)
    if (jpeg[i] == 0xFF && jpeg[i + 1] == code) return i;
  return 0;
}

TEST(ImageCorruption, AJpegWhoseDataEndsEarlyIsNotReadPartlyGrey) {
  testing::internal::CaptureStderr();
  const Bytes whole = large_jpeg(false);
  expect_early_ends_refused(whole, last_marker(whole, 0xDA) + 20, "premature end");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(ImageCorruption, AProgressiveJpegWithoutItsLastScansIsNotReadBlurred) {
  testing::internal::CaptureStderr();
  const Bytes whole = large_jpeg(true);
  const Bytes without_last = join({head(whole, last_marker(whole, 0xDA)), {0xFF, 0xD9}});
  EXPECT_TRUE(contains(refusal(without_last), "last scans are missing"));
  // In the middle of a scan libjpeg notices; between two scans the bits that are missing tell.
  expect_early_ends_refused(whole, 700, "fetch it again");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(ImageCorruption, RefusesAJpegOfEndlessScans) {
  const Bytes whole = large_jpeg(true);
  const std::size_t begin = last_marker(whole, 0xDA);
  std::vector<Bytes> parts{head(whole, begin)};
  for (int scan = 0; scan < 1000; ++scan)
    parts.emplace_back(whole.begin() + static_cast<std::ptrdiff_t>(begin), whole.end() - 2);
  parts.push_back({0xFF, 0xD9});
  const std::string message = refusal(join(parts));
  EXPECT_TRUE(contains(message, "scans") || contains(message, "progression")) << message;
}

TEST(ImageCorruption, RefusesPngDataOfAnotherSizeThanItsHeaderSays) {
  testing::internal::CaptureStderr();
  EXPECT_TRUE(contains(refusal(make_png(3, 2, 8, 0, {{1, 2, 3}})), "the PNG is corrupt"));
  EXPECT_TRUE(contains(refusal(make_png(3, 1, 8, 0, {{1, 2, 3}, {1, 2, 3}})), "the PNG is corrupt"));
  EXPECT_TRUE(contains(refusal(make_png(3, 1, 8, 5, {{1, 2, 3}})), "the PNG is corrupt"));
  EXPECT_TRUE(contains(refusal(make_png(3, 1, 8, 3, {{1, 2, 3}})), "the PNG is corrupt")) << "no palette";
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(ImageCorruption, RefusesAPngThatItsDataCannotFill) {
  EXPECT_TRUE(contains(refusal(make_png(16000, 16000, 8, 2, {{1}})), "too short for 16000 x 16000 pixels"));
}

TEST(ImageCorruption, DamagedJpegHeadersNeverCrash) {
  const Bytes whole = quadrant_jpeg();
  const TemporaryFolder folder;
  testing::internal::CaptureStderr();
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
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace whycam::picture
