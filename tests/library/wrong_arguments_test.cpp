// Every public function that takes no libtorch, with arguments that it cannot take: what is thrown derives from
// whycam::Error and says something. Through the shared library, as users have it.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "support/temporary_folder.h"
#include "whycam/engine.h"
#include "whycam/network.h"
#include "whycam/picture/contact_sheet.h"
#include "whycam/picture/decode.h"
#include "whycam/picture/geometry.h"
#include "whycam/picture/image.h"
#include "whycam/picture/npy.h"
#include "whycam/picture/plot.h"
#include "whycam/picture/preprocess.h"
#include "whycam/picture/render.h"
#include "whycam/picture/signal.h"
#include "whycam/picture/svg.h"

namespace whycam::test {
namespace {

namespace fs = std::filesystem;

class WrongArguments : public testing::Test {
 protected:
  /// Each of these calls throws an Error with a text.
  static void expect_errors(const std::vector<std::function<void()>>& calls) {
    for (std::size_t i = 0; i < calls.size(); ++i) {
      SCOPED_TRACE("call " + std::to_string(i));
      try {
        calls[i]();
        ADD_FAILURE() << "nothing was thrown";
      } catch (const Error& error) {
        EXPECT_GT(std::string(error.what()).size(), 10U);
      } catch (const std::exception& other) {
        ADD_FAILURE() << "thrown was what is no whycam::Error: " << other.what();
      }
    }
  }

  fs::path file_with(const std::string& name, const std::string& text) const {
    std::ofstream(folder_.path() / name, std::ios::binary) << text;
    return folder_.path() / name;
  }

  static picture::Array array(std::vector<std::int64_t> shape, std::size_t values) {
    return {std::move(shape), std::vector<float>(values)};
  }

  TemporaryFolder folder_;
  const picture::Image grey_{4, 4, 1, std::vector<std::uint8_t>(16)};
  const picture::Image colour_{4, 4, 3, std::vector<std::uint8_t>(48)};
  const picture::Image short_{4, 4, 3, std::vector<std::uint8_t>(5)};
  const picture::Image two_channels_{4, 4, 2, std::vector<std::uint8_t>(32)};
};

TEST_F(WrongArguments, OfPictureFiles) {
  const fs::path png = folder_.path() / "picture.png", none = folder_.path() / "none", text = file_with("text", "text"),
                 empty = file_with("empty", "");
  picture::write_image(png, colour_);
  expect_errors({
      [&] { picture::read_image(png, 4); },
      [&] { picture::read_image(png, 0); },
      [&] { picture::read_image(none, 3); },
      [&] { picture::read_image(text, 3); },
      [&] { picture::read_image(empty, 3); },
      [&] { picture::read_image(folder_.path(), 3); },
      [&] { picture::read_photo(png, 2); },
      [&] { picture::read_photo(text, 3); },
      [&] { picture::decode_image("x", {}, 3); },
      [&] { picture::decode_photo("x", {1, 2, 3}, 3); },
      [&] { picture::decode_photo(png, picture::read_file(png), 3, 1); },
      [&] { picture::read_file(none); },
      [&] { picture::read_file(png, 1); },
      [&] { picture::write_file(none / "deeper", {}); },
      [&] { picture::write_image(png, short_); },
      [&] { picture::write_image(png, two_channels_); },
      [&] { picture::write_photo(png, {short_, {}}); },
      [&] { picture::write_photo(png, {colour_, {1, 2}}); },
      [&] { picture::write_photo(folder_.path() / "photo.jpg", {colour_, {}}); },
      [&] { picture::encode_photo({two_channels_, {}}); },
      [&] { picture::write_image(none / "deeper.png", colour_); },
      [&] { picture::write_image(none / "deeper.svg", picture::Svg{}); },
      [&] { picture::encode_png(short_); },
      [&] { picture::encode_png({0, 4, 3, {}}); },
      [&] { picture::encode_jpeg(colour_, 0); },
      [&] { picture::encode_jpeg(colour_, 101); },
      [&] { picture::encode_jpeg(short_, 90); },
      [&] { picture::require_valid(two_channels_); },
  });
}

TEST_F(WrongArguments, OfArrayFiles) {
  const fs::path none = folder_.path() / "none", text = file_with("text.npy", "text"), npy = folder_.path() / "x.npy";
  expect_errors({
      [&] { picture::read_npy(none); },
      [&] { picture::read_npy(text); },
      [&] { picture::decode_npy("x", {}); },
      [&] { picture::write_npy(npy, array({2, 3}, 5)); },
      [&] { picture::write_npy(npy, array({-1}, 0)); },
      [&] { picture::write_npy(none / "deeper.npy", array({1}, 1)); },
      [&] { picture::element_count({-1}); },
      [&] { picture::element_count({std::int64_t{1} << 40, std::int64_t{1} << 40}); },
  });
}

TEST_F(WrongArguments, OfPreprocessing) {
  picture::Preprocessing no_size, crop, one_mean, zero_deviation, infinite, two, large;
  no_size.height = 0;
  crop.crop_height = 300;
  one_mean.mean = {0.5F};
  zero_deviation.standard_deviation = {0, 1, 1};
  infinite.mean[1] = std::numeric_limits<float>::infinity();
  two.mean = two.standard_deviation = {1, 1};
  large.height = large.width = 1 << 20;
  for (const picture::Preprocessing& wrong : {no_size, crop, one_mean, zero_deviation, infinite, two, large})
    expect_errors({
        [&] { picture::to_network_input(colour_, wrong); },
        [&] { picture::see({colour_, {}}, wrong); },
    });
  const picture::Preprocessing right;
  expect_errors({
      [&] { picture::require_valid(no_size); },
      [&] { picture::geometry_of(0, 10, right); },
      [&] { picture::geometry_of(10, -1, right); },
      [&] { picture::to_network_input(grey_, right); },
      [&] { picture::to_network_input(short_, right); },
      [&] { picture::normalise(grey_, right); },
      [&] { picture::resize_for_network(short_, right); },
      [&] { picture::see({grey_, {}}, right); },
      [&] { picture::see({colour_, {1, 2, 3}}, right); },
  });
}

TEST_F(WrongArguments, OfDrawing) {
  const picture::Array map = array({4, 4}, 16), other = array({5, 4}, 20), torn = array({4, 4}, 7),
                       none = array({0, 4}, 0);
  const picture::ColourMap jet = picture::ColourMap::jet;
  const picture::Geometry geometry = picture::geometry_of(4, 4, {});
  expect_errors({
      [&] { picture::grey_map(torn); },
      [&] { picture::grey_map({{1, 1, 1}, {1}}); },
      [&] { picture::overlay(colour_, other, jet, 0.5); },
      [&] { picture::overlay(colour_, torn, jet, 0.5); },
      [&] { picture::overlay(short_, map, jet, 0.5); },
      [&] { picture::overlay(colour_, map, jet, -1); },
      [&] { picture::overlay(colour_, map, jet, std::nan("")); },
      [&] { picture::signed_map(none); },
      [&] { picture::signed_map(array({2, 3, 4, 5, 6}, 720)); },
      [&] { picture::signed_map(torn); },
      [&] { picture::signed_map(map, {picture::Sign::all, 0}); },
      [&] { picture::signed_map(map, {picture::Sign::all, 101}); },
      [&] { picture::picture_of_tensor(none); },
      [&] { picture::picture_of_tensor(torn); },
      [&] { picture::overlay_on_original(colour_, array({1, 4, 4}, 16), geometry, jet, 0.5); },
      [&] { picture::overlay_on_original(short_, map, geometry, jet, 0.5); },
      [&] { geometry.to_original(array({4}, 4)); },
      [&] { geometry.to_original(torn); },
      [&] { geometry.to_original(none); },
      [&] { picture::colour_map_named("rainbow"); },
      [&] { picture::colour_table(static_cast<picture::ColourMap>(99)); },
      [&] { picture::contact_sheet({"a"}, {}); },
      [&] { picture::contact_sheet({"a"}, {{"row", {colour_, colour_}}}); },
      [&] { picture::contact_sheet({"a"}, {{"row", {short_}}}); },
      [&] { picture::grid_of_slices(colour_, 3); },
      [&] { picture::grid_of_slices(colour_, 0); },
      [&] { picture::plot({}); },
      [&] { picture::plot({{"a", "b", "c", 1, 1, 0, 1, {}}}); },
      [&] { picture::plot({{"a", "b", "c", 0, 1, 0, 1, {{"line", {1, 2}, {1}}}}}); },
      [&] { picture::signal_picture(array({4}, 4)); },
      [&] { picture::signal_picture(array({1, 0}, 0)); },
      [&] { picture::signal_overlay(array({1, 4}, 4), array({5}, 5), jet, 0.5); },
      [&] { picture::signal_map(array({1, 4}, 4), array({1, 5}, 5)); },
  });
}

TEST_F(WrongArguments, OfNames) {
  expect_errors({
      [] { method_named("gradcam-plus"); },
      [] { to_string(static_cast<Method>(99)); },
      [] { title(static_cast<Method>(99)); },
      [] { interpolation_named("cubic"); },
      [] { engine_named("fast"); },
      [] { layout_named("chwn"); },
      [] { layout_named("14x"); },
      [] { Target::per_example({}).resolve({2, 5}); },
      [] { Target(7).resolve({2, 5}); },
      [] { Target::at({1, 2}).resolve({2, 5}); },
      [] { Target::similarity(array({2}, 1)); },
      [] { Target::similarity({}); },
      [] { Region::mask(array({2, 2}, 3)); },
      [] { Target::similarity(array({2}, 2)).over(Region::all()); },
  });
}

TEST_F(WrongArguments, OfNetworks) {
  const fs::path path = fs::path(WHYCAM_SOURCE_DIR) / "tests/plain/network.onnx";
  const Network network = Network::load(path);
  const Tensor image = array({1, 3, 64, 64}, 3 * 64 * 64), three_axes = array({3, 64, 64}, 3 * 64 * 64);
  Options autograd, output, layout, steps, noise, threads;
  threads.threads = 1 << 20;
  autograd.engine = Engine::autograd;
  output.output_element = {7};
  layout.layout = Layout::tokens({3, 3}, 1);
  steps.methods = {Method::integrated_gradients};
  steps.integration_steps = 0;
  noise.smooth = 2;
  noise.noise = -1;
  std::vector<std::function<void()>> calls{
      [&] { Network::load(folder_.path() / "none"); },
      [&] { Network::load(file_with("empty", "")); },
      [&] { Network::load(file_with("text", "no network")); },
      [&] { Network::load(folder_.path()); },
      [&] { network.explain({}, "stage2", {0}); },
      [&] { network.explain({image, image}, "stage2", {0}); },
      [&] { network.explain({array({1, 3, 64, 64}, 5)}, "stage2", {0}); },
      [&] { network.explain({array({0, 3, 64, 64}, 0)}, "stage2", {0}); },
      [&] { network.explain({array({1, 4, 64, 64}, 4 * 64 * 64)}, "stage2", {0}); },
      [&] { network.explain({three_axes}, "stage2", {0}); },
      [&] { network.explain({image}, "stage9", {0}); },
      [&] { network.explain({image}, "", {0}); },
      [&] { network.explain({image}, "stage2", {99}); },
      [&] { network.explain({image}, "stage2", {-1000}); },
      [&] { network.explain({image}, "stage2", Network::ChooseTargets()); },
      [&] { network.explain({image}, "stage2", {Target(0).over(Region::all())}); },
      [&] { network.explain({image}, "stage2", {Target::similarity(array({3}, 3))}); },
      [&] { network.layers({}); },
      [&] { network.layers({{3, 64, 64}}); },
      [&] { network.layers({{1, 3, -1, 64}}); },
      [&] { network.default_layer({{1, 4, 64, 64}}); },
      [&] { network.input_layouts({{1, 4, 64, 64}}); },
      [&] { network.output_layout({}); },
      [&] { network.before_softmax({7}).explain({image}, "stage2", {0}); },
      [&] { network.prepare({}, {"stage2"}); },
      [&] { network.prepare({{1, 3, -1, 64}}, {"stage2"}); },
      [&] { network.prepare({{1, 3, 64, 64}}, {}); },
      [&] { network.graph_stages({}, "stage2"); },
      [&] { network.graph_stages({{1, 3, 64, 64}}, "stage9"); },
  };
  for (const Options& options : {autograd, output, layout, steps, noise, threads})
    calls.push_back([&network, &image, options] { network.explain({image}, "stage2", {0}, options); });
  expect_errors(calls);
}

TEST_F(WrongArguments, AreAnsweredInTheWordsOfThoseWhoGaveThem) {
  const Network network = Network::load(fs::path(WHYCAM_SOURCE_DIR) / "tests/plain/network.onnx");
  const auto message_of = [](const std::function<void()>& call) -> std::string {
    try {
      call();
    } catch (const Error& error) {
      return error.what();
    }
    return "nothing was thrown";
  };
  const std::string axes = message_of([&] { network.explain({array({3, 64, 64}, 3 * 64 * 64)}, "stage2", {0}); });
  EXPECT_NE(axes.find("is to be of any x 3 x any x any, not of 3 x 64 x 64"), std::string::npos) << axes;
  EXPECT_NE(message_of([&] { Network::load(file_with("empty", "")); }).find("is empty"), std::string::npos);
}

}  // namespace
}  // namespace whycam::test
