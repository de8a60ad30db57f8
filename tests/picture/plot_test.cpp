// Curves, and what SVG drawings are made of.
#include "whycam/picture/plot.h"

#include <cmath>

#include "fixtures.h"

namespace whycam::picture {
namespace {

PlotPanel panel_of(const PlotLine& line) { return {"title", "x", "y", 0, 1, 0, 2, {line}}; }

TEST(Plot, JoinsPointsAndBreaksWhereOneIsNotFinite) {
  const std::string text = plot({panel_of({"a", {0, 0.5, 1}, {0, 2, 1}, {213, 94, 0}})}).text;
  EXPECT_TRUE(contains(text, "d=\"M64 312L244 52L424 182\" stroke=\"#d55e00\"")) << text;
  const std::string broken = plot({panel_of({"a", {0, 0.25, 0.5, 1}, {0, NAN, 2, 1}})}).text;
  EXPECT_TRUE(contains(broken, "d=\"M64 312M244 52L424 182\"")) << broken;
  EXPECT_FALSE(contains(broken, "nan"));
  EXPECT_FALSE(contains(text, "dasharray"));
  EXPECT_TRUE(contains(plot({panel_of({"a", {0}, {0}, {}, true})}).text, "dasharray"));
}

TEST(Plot, SaysWhatItShows) {
  const std::string text = plot({panel_of({"first & last", {}, {}}), panel_of({"ä", {}, {}})}).text;
  for (const char* part : {">title<", ">x<", ">y<", ">first &amp; last<", ">ä<", ">0.25<", ">1.5<"})
    EXPECT_TRUE(contains(text, part)) << part;
}

TEST(Plot, RefusesWhatItCannotDraw) {
  EXPECT_THROW(plot({}), InputError);
  EXPECT_THROW(plot({panel_of({"a", {0, 1}, {0}})}), InputError);
  EXPECT_THROW(plot({{"", "", "", 0, 0, 0, 1, {}}}), InputError);
  EXPECT_THROW(plot({{"", "", "", 0, INFINITY, 0, 1, {}}}), InputError);
}

TEST(Svg, IsWrittenAsAFile) {
  const TemporaryFolder folder;
  const Svg drawing = plot({panel_of({"a", {0}, {0}})});
  write_image(folder / "a.svg", drawing);
  const Bytes bytes = read_file(folder / "a.svg");
  EXPECT_EQ(std::string(bytes.begin(), bytes.end()), drawing.text);
}

TEST(Svg, AddressesAreBase64) {  // RFC 4648
  for (const auto& [bytes, text] : std::vector<std::pair<std::string, std::string>>{
           {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}})
    EXPECT_EQ(data_address(to_bytes(bytes)), "data:image/png;base64," + text);
  EXPECT_TRUE(contains(data_address(quadrant_jpeg()), "data:image/jpeg;base64,/9j/"));
}

}  // namespace
}  // namespace whycam::picture
