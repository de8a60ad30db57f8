// Networks that are no file: bytes and streams.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "whycam/network.h"

namespace whycam::test {
namespace {

namespace fs = std::filesystem;

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// Guided Grad-CAM of some numbers, at the default layer.
std::vector<float> map(const Network& network) {
  Tensor image{network.inputs()[0].shape, {}};
  for (std::int64_t& extent : image.shape)
    if (extent < 0) extent = &extent == &image.shape[0] ? 1 : 64;
  image.values.resize(static_cast<std::size_t>(picture::element_count(image.shape)));
  for (std::size_t i = 0; i < image.values.size(); ++i) image.values[i] = static_cast<float>(i % 17) / 17 - 0.5F;
  return network.explain({image}, network.default_layer({image.shape}), {1})
      .targets[0]
      .attributions(Method::guided_grad_cam)[0]
      .values;
}

std::string message_of(const std::string& bytes) {
  try {
    Network::load(bytes, "bytes of mine");
  } catch (const ModelError& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(NetworkInMemory, IsExplainedAsTheFileThatItCameFrom) {
  const fs::path tests = fs::path(WHYCAM_SOURCE_DIR) / "tests";
  for (const fs::path& path : {tests / "plain/network.onnx", tests / "pt2/networks/unet.pt2"}) {
    SCOPED_TRACE(path);
    const std::vector<float> expected = map(Network::load(path));
    EXPECT_EQ(map(Network::load(content(path), "bytes")), expected);
    std::ifstream stream(path, std::ios::binary);
    EXPECT_EQ(map(Network::load(stream, "stream")), expected);
  }
}

TEST(NetworkInMemory, IsCheckedAsAFileIs) {
  const std::string bytes = content(fs::path(WHYCAM_SOURCE_DIR) / "tests/plain/network.onnx");
  EXPECT_NE(message_of("").find("the network bytes of mine is empty"), std::string::npos) << message_of("");
  EXPECT_NE(message_of("no network at all").find("bytes of mine is no .pt2"), std::string::npos);
  EXPECT_NE(message_of(bytes.substr(0, bytes.size() / 2)).find("bytes of mine is no ONNX network, or a damaged one"),
            std::string::npos)
      << message_of(bytes.substr(0, bytes.size() / 2));
}

}  // namespace
}  // namespace whycam::test
