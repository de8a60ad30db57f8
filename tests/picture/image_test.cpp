#include "whycam/picture/image.h"

#include <algorithm>

#include "whycam/picture/decode.h"

#include "fixtures.h"
#include "whycam/picture/errors.h"
#include "whycam/picture/svg.h"

namespace whycam::picture {
namespace {

using Levels = std::vector<std::uint8_t>;

Levels read(const Bytes& bytes, int channels) {
  const TemporaryFolder folder;
  save(folder / "picture", bytes);
  return read_image(folder / "picture", channels).pixels;
}

Levels pixel(const Image& image, int y, int x) {
  const auto begin = image.pixels.begin() + (y * image.width + x) * image.channels;
  return {begin, begin + image.channels};
}

void expect_near(const Levels& actual, const Levels& expected, int tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) EXPECT_NEAR(actual[i], expected[i], tolerance) << i;
}

Bytes inverted_cmyk_jpeg() {
  return from_hex(
      "ffd8ffee000e41646f626500640000000000ffdb0043000302020302020303030304030304050805050404050a070706080c0a"
      "0c"
      "0c0b0a0b0b0d0e12100d0e110e0b0b1016101113141515150c0f171816141812141514ffc000140800080008044311004d1100"
      "5911004b1100ffc4001500010100000000000000000000000000000809ffc40014100100000000000000000000000000000000"
      "ffda000e0443004d0059004b00003f001e281966743fffd9");
}

TEST(Image, ReadsColour) {
  const Bytes png = make_png(2, 1, 8, 2, {{255, 0, 0, 10, 20, 30}});
  EXPECT_EQ(read(png, 3), (Levels{255, 0, 0, 10, 20, 30}));
  // PIL's convert("L"): 0.299 * 255 = 76.2; 2.99 + 11.74 + 3.42 = 18.15.
  EXPECT_EQ(read(png, 1), (Levels{76, 18}));
}

TEST(Image, ReadsGrey) {
  const Bytes png = make_png(2, 2, 8, 0, {{0, 77}, {200, 255}});
  EXPECT_EQ(read(png, 1), (Levels{0, 77, 200, 255}));
  EXPECT_EQ(read(png, 3), (Levels{0, 0, 0, 77, 77, 77, 200, 200, 200, 255, 255, 255}));
}

TEST(Image, ReadsFewBits) {
  EXPECT_EQ(read(make_png(4, 1, 1, 0, {{0b10100000}}), 1), (Levels{255, 0, 255, 0}));
  EXPECT_EQ(read(make_png(4, 1, 2, 0, {{0b00011011}}), 1), (Levels{0, 85, 170, 255}));
}

TEST(Image, KeepsTheUpperHalfOfSixteenBits) {
  const Bytes grey = make_png(2, 1, 16, 0, {{0x12, 0xFF, 0xFF, 0x00}});
  EXPECT_EQ(read(grey, 1), (Levels{0x12, 0xFF}));
  const Bytes colour = make_png(1, 1, 16, 2, {{0x01, 0xFF, 0x80, 0x00, 0xFE, 0x7F}});
  EXPECT_EQ(read(colour, 3), (Levels{0x01, 0x80, 0xFE}));
}

TEST(Image, KeepsAllOfSixteenBitsInAPhoto) {
  const auto photo = [](const Bytes& png, int channels) {
    const TemporaryFolder folder;
    save(folder / "picture.png", png);
    return read_photo(folder / "picture.png", channels);
  };
  using Deep = std::vector<std::uint16_t>;
  const Bytes grey = make_png(2, 1, 16, 0, {{0x12, 0xFF, 0xFF, 0x01}});
  EXPECT_EQ(photo(grey, 1).levels, (Deep{0x12FF, 0xFF01}));
  EXPECT_EQ(photo(grey, 1).image.pixels, (Levels{0x12, 0xFF}));
  EXPECT_EQ(photo(grey, 3).levels, (Deep{0x12FF, 0x12FF, 0x12FF, 0xFF01, 0xFF01, 0xFF01}));
  const Bytes colour = make_png(1, 1, 16, 6, {{0x01, 0xFF, 0x80, 0x00, 0xFE, 0x7F, 0, 0}});
  EXPECT_EQ(photo(colour, 3).levels, (Deep{0x01FF, 0x8000, 0xFE7F})) << "transparent, and kept";
  // 0.299 * 511 + 0.587 * 32768 + 0.114 * 65151 = 26814.8.
  EXPECT_EQ(photo(colour, 1).levels, Deep{26815});
  EXPECT_EQ(photo(make_png(1, 1, 8, 0, {{7}}), 1).levels, Deep());
}

TEST(Image, WritesAllOfSixteenBitsOfAPhoto) {
  const TemporaryFolder folder;
  for (const int channels : {1, 3}) {
    Photo photo{{40, 31, channels, {}}, {}};
    std::uint32_t state = 1;  // numbers that cannot be compressed
    for (int i = 0; i < 40 * 31 * channels; ++i) {
      state = state * 1664525U + 1013904223U;
      photo.levels.push_back(static_cast<std::uint16_t>(state >> 16));
      photo.image.pixels.push_back(static_cast<std::uint8_t>(state >> 24));
    }
    write_photo(folder / "photo.png", photo);
    const Photo again = read_photo(folder / "photo.png", channels);
    EXPECT_EQ(again.levels, photo.levels);
    EXPECT_EQ(again.image.pixels, photo.image.pixels);
    EXPECT_EQ(again.image.height, 40);

    photo.levels.clear();
    EXPECT_EQ(encode_photo(photo), encode_png(photo.image)) << "which has 8 bits";
    photo.levels.push_back(7);
    EXPECT_THROW(encode_photo(photo), InputError);
    EXPECT_THROW(write_photo(folder / "photo.jpg", again), InputError);
    EXPECT_FALSE(std::filesystem::exists(folder / "photo.jpg"));
  }
}

// The expected levels are those of PIL's convert("RGB") and convert("L").
TEST(Image, DropsTransparencyAndKeepsColours) {
  const Bytes colour = make_png(3, 1, 8, 6, {{100, 0, 255, 51, 9, 9, 9, 0, 1, 2, 3, 255}});
  EXPECT_EQ(read(colour, 3), (Levels{100, 0, 255, 9, 9, 9, 1, 2, 3}));
  EXPECT_EQ(read(make_png(2, 1, 8, 4, {{100, 51, 7, 255}}), 1), (Levels{100, 7}));
  const Bytes deep = make_png(1, 1, 16, 6, {{100, 0, 0, 0, 255, 0, 51, 0}});
  EXPECT_EQ(read(deep, 3), (Levels{100, 0, 255}));
}

TEST(Image, ReadsPalettes) {
  const Bytes palette = png_chunk("PLTE", {10, 20, 30, 100, 0, 255});
  EXPECT_EQ(read(make_png(2, 1, 8, 3, {{1, 0}}, palette), 3), (Levels{100, 0, 255, 10, 20, 30}));
  const Bytes with_opacity = join({palette, png_chunk("tRNS", {255, 51})});
  EXPECT_EQ(read(make_png(2, 1, 8, 3, {{1, 0}}, with_opacity), 3), (Levels{100, 0, 255, 10, 20, 30}));
}

TEST(Image, KeepsATransparentColour) {
  const Bytes colour_key = png_chunk("tRNS", {0, 1, 0, 2, 0, 3});
  EXPECT_EQ(read(make_png(2, 1, 8, 2, {{1, 2, 3, 4, 5, 6}}, colour_key), 3), (Levels{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(read(make_png(2, 1, 8, 0, {{7, 8}}, png_chunk("tRNS", {0, 7})), 1), (Levels{7, 8}));
}

TEST(Image, ReadsInterlacedPng) {
  // Adam7's passes of a 3 x 3 picture whose levels are 0 to 8: its corners and middle come first.
  Bytes png = make_png(3, 3, 8, 0, {{0}, {2}, {6, 8}, {1}, {7}, {3, 4, 5}});
  png[28] = 1;  // the header's last byte; its checksum follows
  const Bytes header(png.begin() + 16, png.begin() + 29);
  const Bytes chunk = png_chunk("IHDR", header);
  std::copy(chunk.begin(), chunk.end(), png.begin() + 8);
  EXPECT_EQ(read(png, 1), (Levels{0, 1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST(Image, IgnoresOtherPngChunksAndTrailingBytes) {
  testing::internal::CaptureStderr();
  Bytes png = make_png(1, 1, 8, 0, {{42}}, png_chunk("iCCP", to_bytes("not a profile")));
  png.push_back('x');
  EXPECT_EQ(read(png, 1), Levels{42});
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(Image, ReadsJpeg) {
  const TemporaryFolder folder;
  save(folder / "a.jpeg", quadrant_jpeg());
  const Image image = read_image(folder / "a.jpeg", 3);
  EXPECT_EQ(image.height, 16);
  EXPECT_EQ(image.width, 16);
  // As decoded by PIL.
  EXPECT_EQ(pixel(image, 2, 2), (Levels{254, 0, 0}));
  EXPECT_EQ(pixel(image, 2, 13), (Levels{0, 255, 1}));
  EXPECT_EQ(pixel(image, 13, 2), (Levels{0, 0, 254}));
  EXPECT_EQ(pixel(image, 13, 13), (Levels{255, 255, 255}));
}

TEST(Image, ReadsGreyAndCmykJpeg) {
  const Bytes grey = from_hex(
      "ffd8ffe000104a46494600010100000100010000ffdb0043000302020302020303030304030304050805050404050a07070608"
      "0c"
      "0a0c0c0b0a0b0b0d0e12100d0e110e0b0b1016101113141515150c0f171816141812141514ffc0000b08000800080101"
      "1100ffc40014000100000000000000000000000000000008ffc40014100100000000000000000000000000000000ffda"
      "0008010100003f003bbfffd9");
  EXPECT_EQ(read(grey, 1), Levels(64, 77));
  // By PIL, with the inverted values that Adobe's programs write; PIL reads it as 46, 190, 164.
  const Bytes cmyk = inverted_cmyk_jpeg();
  const Levels pixels = read(cmyk, 3);
  ASSERT_EQ(pixels.size(), 192U);
  expect_near({pixels[0], pixels[1], pixels[2]}, {46, 190, 164}, 2);
}

TEST(Image, DecodesJpegAsOthersDo) {
  // The first pixels, and two in the middle of row 21, as OpenCV 4.6 and Pillow 13 decode the same file.
  const std::vector<std::pair<int, Levels>> expected{{10, {107, 107, 107, 92, 92, 92, 137, 132, 164, 121, 118, 135}},
                                                     {95, {132, 59, 132, 121, 39, 101, 181, 188, 198, 143, 149, 171}}};
  for (const auto& [quality, levels] : expected) {
    const Levels plain = read(encode_jpeg(noise(61, 43), quality), 3);
    Levels found(plain.begin(), plain.begin() + 6);
    found.insert(found.end(), plain.begin() + 3 * (21 * 61 + 30), plain.begin() + 3 * (21 * 61 + 32));
    EXPECT_EQ(found, levels);
    EXPECT_EQ(read(progressive_jpeg(noise(61, 43), quality), 3), plain) << "which holds the same coefficients";
  }
}

std::string refusal_of(const Bytes& bytes, std::int64_t most) {
  try {
    decode_photo("a", bytes, 3, most);
  } catch (const PictureError& refusal) {
    return refusal.what();
  }
  return "";
}

TEST(Image, DecodingIsLimitedByPixelsAndScans) {
  const Bytes progressive = progressive_jpeg(noise(61, 43), 90), plain = encode_jpeg(noise(61, 43), 90);
  EXPECT_EQ(refusal_of(progressive, 61 * 43 * 10), "") << "libjpeg's ten scans";
  EXPECT_NE(refusal_of(progressive, 61 * 43 * 10 - 1).find("in 10 scans is more work than the limit of 26229"),
            std::string::npos);
  EXPECT_EQ(refusal_of(plain, 61 * 43), "");
  EXPECT_NE(refusal_of(plain, 61 * 43 - 1).find("in 1 scan is more work"), std::string::npos);
  EXPECT_NE(refusal_of(encode_png(noise(61, 43)), 61 * 43 - 1).find("more work"), std::string::npos);
}

TEST(Image, ManyScansOfALargePictureAreRefusedUndecoded) {
  Bytes bomb{0xFF, 0xD8, 0xFF, 0xC2, 0, 11, 8, 0x3A, 0x98, 0x3A, 0x98, 1, 1, 0x11, 0};  // 15000 x 15000, grey
  for (int scan = 0; scan < 2000; ++scan) bomb.insert(bomb.end(), {0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 0, 0});
  bomb.insert(bomb.end(), {0xFF, 0xD9});
  EXPECT_NE(refusal_of(bomb, largest_decoding).find("15000 x 15000 pixels in 2000 scans"), std::string::npos);
}

TEST(Image, InksWithoutAdobesMarkerAreNotInverted) {
  // The CMYK picture of ReadsGreyAndCmykJpeg without its first segment: its inks are read as they stand,
  // which turns light to dark, up to the coding's losses.
  Bytes cmyk = inverted_cmyk_jpeg();
  const Levels inverted = read(cmyk, 3);
  cmyk.erase(cmyk.begin() + 2, cmyk.begin() + 18);
  const Levels plain = read(cmyk, 3);
  ASSERT_EQ(plain.size(), inverted.size());
  EXPECT_LT(plain[1], inverted[1]);
}

TEST(Image, TurnsJpegUpright) {
  // Which of the colours comes to the upper left for each EXIF orientation, and which to its right.
  const Levels red{254, 0, 0}, green{0, 255, 1}, blue{0, 0, 254}, white{255, 255, 255};
  const std::vector<std::pair<Levels, Levels>> expected{{red, green}, {green, red}, {white, blue},  {blue, white},
                                                        {red, blue},  {blue, red},  {white, green}, {green, white}};
  for (std::uint8_t orientation = 1; orientation <= 8; ++orientation) {
    // A segment with a little-endian TIFF directory of one entry: tag 0x0112, one 16-bit value.
    const Bytes segment{0xFF, 0xE1, 0,    34, 'E', 'x', 'i', 'f', 0, 0, 'I',         'I', 42, 0, 8, 0, 0, 0,
                        1,    0,    0x12, 1,  3,   0,   1,   0,   0, 0, orientation, 0,   0,  0, 0, 0, 0, 0};
    Bytes jpeg = quadrant_jpeg();
    jpeg.insert(jpeg.begin() + 2, segment.begin(), segment.end());
    const TemporaryFolder folder;
    save(folder / "a.jpg", jpeg);
    const Image image = read_image(folder / "a.jpg", 3);
    expect_near(pixel(image, 2, 2), expected[orientation - 1U].first, 1);
    expect_near(pixel(image, 2, 13), expected[orientation - 1U].second, 1);
  }
}

TEST(Image, AcceptsJpegWithAppendedData) {
  Bytes jpeg = quadrant_jpeg();
  jpeg.insert(jpeg.end(), 100, 0);
  EXPECT_EQ(read(jpeg, 3), read(quadrant_jpeg(), 3));
}

TEST(Image, WritesWhatItReads) {
  const TemporaryFolder folder;
  for (const int channels : {1, 3}) {
    const Image image = pattern(19, 7, channels);
    write_image(folder / "Ünï cöde ☂.png", image);
    const Image back = read_image(folder / "Ünï cöde ☂.png", channels);
    EXPECT_EQ(back.height, 7);
    EXPECT_EQ(back.width, 19);
    EXPECT_EQ(back.channels, channels);
    EXPECT_EQ(back.pixels, image.pixels);
  }
  EXPECT_EQ(folder.entry_count(), 1U);
}

TEST(Image, JpegsAreNearWhatTheyHold) {
  for (const int channels : {1, 3}) {
    Image image{40, 56, channels, {}};
    for (int y = 0; y < 40; ++y)
      for (int x = 0; x < 56; ++x)
        for (int channel = 0; channel < channels; ++channel)
          image.pixels.push_back(static_cast<std::uint8_t>(3 * x + y * channel));
    // what the quantisation of that quality leaves of a smooth picture
    expect_near(read(encode_jpeg(image, 100), channels), image.pixels, 4);
    EXPECT_LT(encode_jpeg(image, 20).size(), encode_jpeg(image, 95).size());
  }
}

TEST(Image, RefusesInvalidImages) {
  EXPECT_THROW(encode_jpeg({2, 2, 3, Levels(11)}, 80), InputError);
  EXPECT_THROW(encode_jpeg({1, 1, 1, {5}}, 0), InputError);

  EXPECT_THROW(encode_png({2, 2, 3, Levels(11)}), InputError);
  EXPECT_THROW(encode_png({0, 2, 3, {}}), InputError);
  EXPECT_THROW(encode_png({1, 1, 2, {1, 2}}), InputError);
  EXPECT_TRUE(contains(message_of<InputError>([] { read_image("x", 4); }), "4"));
}

TEST(WriteImage, WritesWhatTheNameSays) {
  const TemporaryFolder folder;
  const Image image{8, 8, 3, std::vector<std::uint8_t>(192, 90)};
  for (const char* name : {"a.png", "a.jpg", "a.JPEG"}) {
    write_image(folder / name, image);
    const Bytes bytes = read_file(folder / name);
    const bool is_png = bytes.at(0) == 0x89 && bytes.at(1) == 'P', is_jpeg = bytes.at(0) == 0xFF && bytes.at(1) == 0xD8;
    EXPECT_TRUE(std::string(name) == "a.png" ? is_png : is_jpeg) << name;
    EXPECT_NEAR(read_image(folder / name, 3).pixels[5], 90, 1) << name;
  }
  for (const char* name : {"a.gif", "a", "a.svg", "a.png.tmp"}) {
    EXPECT_THROW(write_image(folder / name, image), InputError) << name;
    EXPECT_FALSE(std::filesystem::exists(folder / name)) << name;
  }
  EXPECT_THROW(write_image(folder / "a.png", Svg{1, 1, "<svg/>"}), InputError);
}

}  // namespace
}  // namespace whycam::picture
