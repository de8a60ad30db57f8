// Networks that take N x H x W x C, as converted Keras networks do.
#include "command/networks.h"
#include "explain/network_state.h"
#include "whycam/errors.h"
#include "whycam/picture/preprocess.h"

namespace whycam::test {
namespace {

const std::vector<std::string> options{"--layer", "second", "--target", "3", "--save-npy"};

class ChannelsLast : public InputsCommand {
 protected:
  std::vector<Layout> layouts(const SmallNetwork& small, const std::vector<std::int64_t>& shape) const {
    return explain::open_graph(network(small))->input_layouts({shape});
  }
};

TEST_F(ChannelsLast, TheNetworkSaysSo) {
  EXPECT_EQ(layouts({3, {3, 3}, true, {}}, {1, 9, 8, 3}), std::vector{Layout::channels_last()});
  EXPECT_EQ(layouts({3, {3, 3}, false, {}}, {1, 3, 9, 8}), std::vector{Layout::channels_first()});
  EXPECT_EQ(layouts({3, {3}, true, {}}, {1, 9, 3}), std::vector{Layout::channels_last()});
  EXPECT_EQ(layouts({2, {3, 3, 3}, true, {}}, {1, 5, 6, 7, 2}), std::vector{Layout::channels_last()});
  EXPECT_THROW(layouts({3, {3, 3}, true, {}}, {1, 3, 9, 8}), ModelError) << "8 channels";
}

/// The maps of a picture are those of the network that takes N x C x H x W, in the order that the input has.
TEST_F(ChannelsLast, PicturesComeInTheNetworksOrder) {
  const std::vector<std::string> picture{shapes / "two_shapes.png", "--size", "24,20"};
  const auto explained = [&](const SmallNetwork& small, const std::vector<std::string>& more = {}) {
    const Outcome outcome = explain(with(with(with({network(small)}, picture), options), more));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
    return std::vector{result("two_shapes-second-3-gradcam.npy"), result("two_shapes-second-3-guided-gradcam.npy")};
  };
  const auto expected = explained({3, {3, 3}, false, {}});
  const std::string drawn = content(fs::path(results()) / "two_shapes-second-3-guided-gradcam.png");
  for (const std::vector<std::int64_t>& declared :
       {std::vector<std::int64_t>{}, std::vector<std::int64_t>{0, 24, 20, 3}}) {
    fs::remove_all(results());
    const auto found = explained({3, {3, 3}, true, declared});
    EXPECT_EQ(found[0].shape, (std::vector<std::int64_t>{1, 1, 24, 20}));
    EXPECT_EQ(found[1].shape, (std::vector<std::int64_t>{1, 24, 20, 3}));
    expect_near(found[0], expected[0]);
    expect_near(found[1], with_channels_last(expected[1]));
    EXPECT_EQ(content(fs::path(results()) / "two_shapes-second-3-guided-gradcam.png").size(), drawn.size());
  }
  expect_near(explained({3, {3, 3}, true, {}}, {"--input-layout", "nhwc"})[0], expected[0]);
}

TEST_F(ChannelsLast, GreyNetworksAreFoundToo) {
  const Outcome outcome =
      explain(with({network({1, {3, 3}, true, {}}), shapes / "two_shapes.png", "--size", "24"}, options));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
  EXPECT_EQ(result("two_shapes-second-3-guided-backprop.npy").shape, (std::vector<std::int64_t>{1, 24, 24, 1}));
}

TEST_F(ChannelsLast, ArraysAreDrawnInOrder) {
  const picture::Array x = noise({1, 3, 10, 14});
  ASSERT_EQ(explain(with({network({3, {3, 3}, false, {}}), array(x)}, options)).exit_code, 0);
  std::vector<std::string> drawn;
  const std::vector<std::string> names{"x-second-3-gradcam.png", "x-second-3-guided-backprop.png"};
  for (const std::string& name : names) drawn.push_back(content(fs::path(results()) / name));
  fs::remove_all(results());
  const Outcome outcome = explain(with({network({3, {3, 3}, true, {}}), array(with_channels_last(x))}, options));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.error;
  for (std::size_t i = 0; i < names.size(); ++i)
    EXPECT_EQ(content(fs::path(results()) / names[i]), drawn[i]) << names[i];
}

}  // namespace
}  // namespace whycam::test
