// Arrays of every number of dimensions and type, pictures of every depth, and several inputs.
#include "command/networks.h"
#include "whycam/picture/image.h"

namespace whycam::test {
namespace {

const std::vector<std::string> maps{"gradcam", "guided-backprop", "guided-gradcam"};
const std::vector<std::string> options{"--layer", "second", "--target", "2", "--save-npy"};

/// The three maps of a network on an array.
class Dimensions : public InputsCommand {
 protected:
  std::vector<picture::Array> maps_of(const SmallNetwork& small, const picture::Array& x,
                                      const std::vector<std::string>& more = {}) {
    const Outcome outcome = explain(with(with({network(small), array(x)}, options), more));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
    std::vector<picture::Array> found;
    for (const std::string& map : maps) found.push_back(result("x-second-2-" + map + ".npy"));
    return found;
  }
  picture::Image drawn(const std::string& map) const {
    return picture::read_image(fs::path(results()) / ("x-second-2-" + map + ".png"), 3);
  }
};

TEST_F(Dimensions, SignalsAreExplainedAsPicturesOfOneRow) {
  const picture::Array x = noise({1, 3, 41});
  for (const char* mode : {"bilinear", "nearest", "area"}) {
    const auto of_signal = maps_of({3, {3}, false, {}}, x, {"--interpolate", mode});
    EXPECT_EQ(of_signal[0].shape, (std::vector<std::int64_t>{1, 1, 41}));
    EXPECT_EQ(of_signal[1].shape, x.shape);
    const picture::Image heat = drawn("gradcam"), guided = drawn("guided-backprop");
    EXPECT_EQ(heat.width, 41 * 16);
    EXPECT_EQ(heat.height, guided.height) << "a curve a channel";
    const auto of_picture = maps_of({3, {1, 3}, false, {}}, {{1, 3, 1, 41}, x.values}, {"--interpolate", mode});
    for (std::size_t i = 0; i < maps.size(); ++i) expect_near(of_signal[i], of_picture[i]);
  }
}

TEST_F(Dimensions, VolumesAreExplainedAsPicturesOfOneSlice) {
  const picture::Array x = noise({1, 2, 1, 9, 12});
  const auto of_volume = maps_of({2, {1, 3, 3}, false, {}}, x);
  EXPECT_EQ(of_volume[0].shape, (std::vector<std::int64_t>{1, 1, 1, 9, 12}));
  const auto of_picture = maps_of({2, {3, 3}, false, {}}, {{1, 2, 9, 12}, x.values});
  for (std::size_t i = 0; i < maps.size(); ++i) expect_near(of_volume[i], of_picture[i]);
}

TEST_F(Dimensions, VolumesAreDrawnSliceBySlice) {
  const auto found = maps_of({1, {3, 3, 3}, false, {}}, noise({1, 1, 4, 40, 60}));
  EXPECT_EQ(found[0].shape, (std::vector<std::int64_t>{1, 1, 4, 40, 60}));
  const picture::Image heat = drawn("gradcam");
  EXPECT_EQ(heat.width, 2 * (4 * 60 + 2) - 2) << "four slices, two in a row, four times as large";
  EXPECT_EQ(heat.height, 2 * (4 * 40 + 2) - 2);
}

TEST_F(Dimensions, BicubicIsForPictures) {
  for (const auto& [kernel, shape] :
       {std::pair<std::vector<std::int64_t>, std::vector<std::int64_t>>{{3}, {1, 3, 41}}, {{3, 3, 3}, {1, 3, 5, 6, 7}}})
    expect_failure(
        explain(with({network({3, kernel, false, {}}), array(noise(shape)), "--interpolate", "bicubic"}, options)), 4,
        "take --interpolate bilinear");
}

TEST_F(Dimensions, ExamplesOfSignalsAreToldApart) {
  const std::string network_file = network({3, {3}, false, {}});
  const picture::Array both = noise({2, 3, 20});
  ASSERT_EQ(explain(with({network_file, array(both), "--contact-sheet", "--report"}, options)).exit_code, 0);
  const picture::Array second = result("x-1-second-2-guided-gradcam.npy");
  fs::remove_all(results());
  const picture::Array alone{{1, 3, 20}, {both.values.begin() + 60, both.values.end()}};
  ASSERT_EQ(explain(with({network_file, array(alone)}, options)).exit_code, 0);
  expect_near(second, result("x-second-2-guided-gradcam.npy"));
}

class Types : public InputsCommand {
 protected:
  /// A file with this type and these bytes, written by hand.
  std::string bytes_as(const std::string& type, const std::string& shape, const std::string& bytes) const {
    std::string header = "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }";
    header.resize(117, ' ');
    std::ofstream(folder_ / "x.npy", std::ios::binary) << std::string("\x93NUMPY\x01\x00\x76\x00", 10) << header << '\n'
                                                       << bytes;
    return folder_ / "x.npy";
  }
};

TEST_F(Types, AreConvertedWithANoteARun) {
  const std::string network_file = network({1, {3, 3}, false, {}});
  std::string bytes;
  picture::Array floats{{2, 1, 4, 5}, {}};
  for (int i = 0; i < 40; ++i) {
    bytes += static_cast<char>(i * 6);
    floats.values.push_back(static_cast<float>(i * 6));
  }
  const Outcome outcome = explain(with({network_file, bytes_as("|u1", "(2, 1, 4, 5)", bytes)}, options));
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.error,
            "whycam: note: arrays of uint8 are taken as they are, as float32: they are not divided by 255 or "
            "normalised\n");
  const picture::Array found = result("x-1-second-2-gradcam.npy");
  fs::remove_all(results());
  EXPECT_EQ(explain(with({network_file, array(floats)}, options)).error, "");
  EXPECT_EQ(found.values, result("x-1-second-2-gradcam.npy").values);
}

TEST_F(Types, GreyNetworksTakeColourPictures) {
  for (const std::vector<std::int64_t>& declared :
       {std::vector<std::int64_t>{}, std::vector<std::int64_t>{0, 1, 0, 0}}) {
    const std::string network_file = network({1, {3, 3}, false, declared});
    const Outcome outcome =
        explain(with({network_file, shapes / "two_shapes.png", "--size", "24", "--report"}, options));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
    EXPECT_EQ(outcome.error,
              "whycam: note: the network takes grey pictures: --mean is 0.449 and --std 0.226 unless "
              "they are given\n");
    EXPECT_EQ(document()["preprocessing"]["mean"], "0.449") << "what was used is written down";
    const auto found = result("two_shapes-second-2-guided-backprop.npy");
    fs::remove_all(results());
    const Outcome given = explain(
        with({network_file, shapes / "two_shapes.png", "--size", "24", "--mean", "0.449", "--std", "0.226"}, options));
    EXPECT_EQ(given.error, "");
    EXPECT_EQ(found.values, result("two_shapes-second-2-guided-backprop.npy").values);
    fs::remove_all(results());
  }
}

TEST_F(Types, PicturesTakeTheSizeThatTheFileDeclares) {
  const std::string picture = shapes / "two_shapes.png";
  const auto of = [&](const SmallNetwork& small, const std::vector<std::string>& more = {}) {
    fs::remove_all(results());
    return explain(with(with({network(small), picture}, options), more));
  };
  const SmallNetwork first{3, {3, 3}, false, {0, 3, 20, 24}}, last{3, {3, 3}, true, {0, 20, 24, 3}};
  for (const SmallNetwork& small : {first, last}) {
    const Outcome outcome = of(small);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
    EXPECT_EQ(outcome.error.find("whycam: note: --size is 20,24, as the network's file declares, unless it is given\n"),
              0U)
        << outcome.error;
    EXPECT_EQ(document()["preprocessing"]["size"], "20,24") << "what was used is written down";
    const picture::Array found = result("two_shapes-second-2-gradcam.npy");
    EXPECT_EQ(found.shape, (std::vector<std::int64_t>{1, 1, 20, 24}));
    EXPECT_EQ(of(small, {"--size", "20,24"}).error.find("--size"), std::string::npos);
    EXPECT_EQ(found.values, result("two_shapes-second-2-gradcam.npy").values);
  }
  expect_failure(of(first, {"--size", "30"}), 8, "30");
  for (const std::vector<std::int64_t>& open : {std::vector<std::int64_t>{}, std::vector<std::int64_t>{0, 3, 0, 24}}) {
    EXPECT_EQ(of({3, {3, 3}, false, open}, {"--size", "24"}).exit_code, 0);
    EXPECT_EQ(document()["preprocessing"]["size"], "24");
  }
  EXPECT_EQ(of({3, {3, 3}, false, {}}).error.find("--size"), std::string::npos);
  EXPECT_EQ(document()["preprocessing"]["size"], "224");
}

class ExampleInputs : public InputsCommand {
 protected:
  /// The head of what `layers` prints.
  std::string head(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "layers");
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
    return outcome.out.substr(0, outcome.out.find('\n'));
  }
  static void expect_end(const std::string& text, const std::string& end) {
    EXPECT_EQ(text.substr(text.size() - std::min(text.size(), end.size())), end);
  }
};

TEST_F(ExampleInputs, AreWhatTheFileDeclares) {
  const std::string declared = network({2, {3, 3}, false, {0, 2, 20, 24}});
  expect_end(head({declared}), "output for an input of 1 x 2 x 20 x 24");
  expect_failure(run({"layers", declared, "--size", "30"}), 8, "not of 1 x 2 x 30 x 30");
  expect_end(head({network({2, {3, 3}, false, {0, 2, 0, 0}})}), "output for an input of 1 x 2 x 224 x 224");
  expect_end(head({network({3, {3, 3}, false, {}})}), "output for an input of 1 x 3 x 224 x 224");
}

TEST_F(ExampleInputs, HaveAnyShape) {
  expect_end(head({network({2, {3}, false, {}}), "--shape", "1x2x500"}), "output for an input of 1 x 2 x 500");
  expect_end(head({network({3, {3, 3}, true, {}}), "--shape", "2x16x20x3"}), "output for an input of 2 x 16 x 20 x 3");
  expect_end(head({network({1, {3, 3, 3}, false, {}}), "--shape", "1x1x8x8x8"}),
             "output for an input of 1 x 1 x 8 x 8 x 8");
  expect_end(head({(fs::path(WHYCAM_SOURCE_DIR) / "tests/plain/two_ports.onnx").string(), "--shape", "1x3x16x16",
                   "--shape", "1x1x8x8"}),
             "output for inputs of 1 x 3 x 16 x 16, 1 x 1 x 8 x 8");
  const std::string file = network({3, {3, 3}, false, {}});
  for (const std::string shape : {"", "3x", "x3", "1x0x3", "1x-2x3", "1,2", "1x99999999999999999999"})
    expect_failure(run({"layers", file, "--shape", shape}), 2, "--shape");
  expect_failure(run({"layers", file, "--shape", "1x3x8x8", "--size", "8"}), 2, "--size");
}

class SeveralInputs : public InputsCommand {
 protected:
  const std::string two_ports = fs::path(WHYCAM_SOURCE_DIR) / "tests/plain/two_ports.onnx";
  const std::vector<std::string> at_mix{"--layer", "mix", "--output-element", "scores", "--target", "1", "--save-npy"};
};

TEST_F(SeveralInputs, HaveAMapEach) {
  const std::string depth = array(noise({1, 1, 8, 8}), "depth.npy");
  const std::vector<std::string> inputs{two_ports, array(noise({1, 3, 16, 16})), "--also", depth};
  const Outcome outcome = explain(with(with(inputs, at_mix), {"--report"}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.error;
  const picture::Array picture = result("x-mix-1-picture-gradcam.npy"), of_depth = result("x-mix-1-depth-gradcam.npy");
  EXPECT_EQ(picture.shape, (std::vector<std::int64_t>{1, 1, 16, 16}));
  EXPECT_EQ(of_depth.shape, (std::vector<std::int64_t>{1, 1, 8, 8}));
  EXPECT_EQ(result("x-mix-1-depth-guided-backprop.npy").shape, (std::vector<std::int64_t>{1, 1, 8, 8}));
  const auto also = document()["explanations"][0]["also"];
  ASSERT_EQ(also.size(), 1u);
  EXPECT_EQ(also[0]["name"], "depth");
  EXPECT_EQ(also[0]["input"], depth);
  EXPECT_TRUE(files().count(also[0]["files"]["gradcam"]["picture"]));
  EXPECT_NE(outcome.out.find("6 pictures"), std::string::npos);
}

TEST_F(SeveralInputs, ResumeWhereAllFilesAreThere) {
  const std::vector<std::string> inputs{two_ports, array(noise({1, 3, 16, 16})), "--also",
                                        array(noise({1, 1, 8, 8}), "depth.npy"), "--resume"};
  ASSERT_EQ(explain(with(inputs, at_mix)).exit_code, 0);
  const std::string lost = fs::path(results()) / "x-mix-1-depth-gradcam.npy";
  fs::remove(lost);
  ASSERT_EQ(explain(with(inputs, at_mix)).exit_code, 0);
  EXPECT_TRUE(fs::exists(lost));
  array(noise({1, 1, 4, 16}), "depth.npy");
  EXPECT_EQ(explain(with(inputs, at_mix)).exit_code, 2) << "another file";
}

TEST_F(SeveralInputs, AreAskedForByName) {
  const std::string x = array(noise({1, 3, 16, 16})), depth = array(noise({1, 1, 8, 8}), "depth.npy");
  expect_failure(explain(with({two_ports, x}, at_mix)), 2, "takes 2 inputs (\"picture\", \"depth\"), and there are 1");
  expect_failure(explain(with({two_ports, x, x, "--also", depth}, at_mix)), 2, "explain them one by one");
  expect_failure(explain(with({two_ports, x, "--also", "nothing.npy"}, at_mix)), 4, "nothing.npy");
  expect_failure(explain(with({two_ports, x, "--also", array(noise({2, 1, 8, 8}), "two.npy")}, at_mix)), 4,
                 "2 examples");
}

TEST_F(InputsCommand, AFixedBatchThatFailsSaysWhy) {
  const Outcome outcome = explain({network({3, {3, 3}, false, {2, 3, 12, 12}}), array(noise({2, 3, 12, 12})),
                                   "--batch-size", "2", "--target", "9", "--layer", "second"});
  EXPECT_EQ(outcome.error.find("examples at a time"), std::string::npos) << "it was given as many: " << outcome.error;
  EXPECT_NE(outcome.error.find("9"), std::string::npos) << outcome.error;
}

}  // namespace
}  // namespace whycam::test
