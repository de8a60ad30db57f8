// Networks whose layers and inputs are not N x C x space: the maps are those of the network in that order.
#include <gtest/gtest.h>

#include <random>

#include "support/reference.h"
#include "support/scripted.h"
#include "whycam/whycam.h"

namespace whycam::test {
namespace {

/// A small random network, and the same with its axes moved.
struct Moved {
  torch::jit::Module plain, moved;
  torch::Tensor image;
  bool input_is_moved = false;
  std::vector<OutputElement> output_element;  ///< of those with outputs beside the scores
  std::string text;
};

/// How the layer sees its tensor y of N x 6 x h x w, and how the network goes on.
const std::vector<std::string> ways{
    "y = self.layer.forward(y.permute([0, 2, 3, 1])).permute([0, 3, 1, 2])",
    "y = self.layer.forward(y.transpose(1, 3)).transpose(1, 3)",
    "y = self.layer.forward(y.flatten(2).transpose(1, 2)).transpose(1, 2).reshape(y.size())",
    "y = self.layer.forward(torch.cat([self.token.expand([y.size(0), 2, 6]), y.flatten(2).transpose(1, 2)], 1))"
    "[:, 2:].transpose(1, 2).reshape(y.size())",
    "y = self.layer.forward(y.flatten(2)).reshape(y.size())",
    "y = self.layer.forward(y.reshape([y.size(0), 3, 2, y.size(2), y.size(3)]).transpose(1, 2).flatten(1, 2))"
    ".reshape([y.size(0), 2, 3, y.size(2), y.size(3)]).transpose(1, 2).flatten(1, 2)"};

/// Perhaps the layer runs twice, which stands for its last call, or the network gives more than its scores.
std::string forward(const std::string& begin, const std::string& layer, bool side_outputs, std::mt19937& choices) {
  std::string text =
      "def forward(self, x):\n    y = " + begin + "\n    y = torch.relu(torch.conv2d(y, self.first, padding=1))\n";
  if (choices() % 2) text += "    y = torch.max_pool2d(y, 2)\n";
  for (unsigned calls = 1 + choices() % 2; calls > 0; --calls) text += "    " + layer + "\n";
  if (choices() % 2) text += "    y = torch.relu(torch.conv2d(y, self.second))\n";
  const std::string scores = "torch.linear(torch.relu(y).mean([2, 3]), self.head)";
  return text + "    return " + (side_outputs ? "[y.argmax(1), " + scores + ", y.flatten(1)]" : scores) + "\n";
}

Moved random_network(unsigned seed) {
  std::mt19937 choices(seed);
  torch::manual_seed(seed);
  const std::vector<std::pair<std::string, torch::Tensor>> weights{{"first", torch::randn({6, 3, 3, 3})},
                                                                   {"second", torch::randn({6, 6, 2, 2})},
                                                                   {"head", torch::randn({4, 6})},
                                                                   {"token", torch::randn({1, 2, 6})}};
  const auto layer = [] { return scripted("def forward(self, x):\n    return torch.sigmoid(x)\n"); };
  Moved result;
  result.input_is_moved = choices() % 2 > 0;
  result.text = ways[seed % ways.size()];
  const unsigned shape = choices();
  const bool side_outputs = choices() % 2 > 0;
  if (side_outputs) result.output_element = {std::int64_t{1}};
  std::mt19937 same(shape), again(shape);
  result.plain = scripted(forward("x", "y = self.layer.forward(y)", side_outputs, same), weights, {{"layer", layer()}});
  result.moved =
      scripted(forward(result.input_is_moved ? "x.permute([0, 3, 1, 2])" : "x", result.text, side_outputs, again),
               weights, {{"layer", layer()}});
  result.image = torch::rand({2, 3, 8, 12});
  return result;
}

class LayoutsOfRandomNetworks : public testing::TestWithParam<Engine> {};

TEST_P(LayoutsOfRandomNetworks, GiveTheMapsOfTheNetworkInOrder) {
  int telling = 0;
  for (unsigned seed = 0; seed < 48; ++seed) {
    const Moved networks = random_network(seed);
    SCOPED_TRACE(networks.text + (networks.input_is_moved ? ", input moved" : ""));
    const auto options = AttributeOptions()
                             .engine(GetParam())
                             .interpolate_mode(Interpolation::bilinear)
                             .output_element(networks.output_element);
    const torch::Tensor expected = GuidedGradCam(networks.plain, "layer").attribute(networks.image, 1, options);
    const torch::Tensor map = LayerGradCam(networks.plain, "layer").attribute(networks.image, 1, options);
    torch::Tensor image = networks.image;
    if (networks.input_is_moved) image = image.permute({0, 2, 3, 1}).contiguous();
    torch::Tensor actual = GuidedGradCam(networks.moved, "layer").attribute(image, 1, options);
    if (networks.input_is_moved) actual = actual.permute({0, 3, 1, 2});
    telling += expected.abs().max().item<float>() > 0;
    // The order of sums differs, and what is left of them may be small.
    expect_close(actual, expected, 1e-4, "guided Grad-CAM");
    expect_close(LayerGradCam(networks.moved, "layer").attribute(image, 1, options), map, 1e-4, "Grad-CAM");
  }
  EXPECT_GE(telling, 24) << "maps that are not 0";
}

INSTANTIATE_TEST_SUITE_P(Engines, LayoutsOfRandomNetworks, testing::Values(Engine::compiled, Engine::autograd),
                         [](const auto& info) { return std::string(to_string(info.param)); });

template <class Call>
std::string message_of(const Call& call) {
  try {
    call();
  } catch (const LayerError& error) {
    return error.what();
  }
  return "no LayerError";
}

/// Mixes the places: nothing says which axis holds some after that.
const char* const mixed =
    "def forward(self, x):\n    y = torch.conv2d(x, self.first).flatten(2)\n"
    "    return self.layer.forward(torch.matmul(y, self.mix)).mean(2)\n";

torch::jit::Module mixing_network() {
  return scripted(mixed, {{"first", torch::randn({6, 3, 3, 3})}, {"mix", torch::randn({60, 60})}},
                  {{"layer", scripted("def forward(self, x):\n    return torch.relu(x)\n")}});
}

TEST(UnknownLayout, IsAskedFor) {
  const torch::Tensor image = torch::rand({2, 3, 8, 12});
  for (const Engine engine : {Engine::compiled, Engine::autograd}) {
    const std::string message = message_of(
        [&] { LayerGradCam(mixing_network(), "layer").attribute(image, 1, AttributeOptions().engine(engine)); });
    EXPECT_NE(message.find("2 x 6 x 60 are channels and space cannot be told"), std::string::npos) << message;
  }
}

TEST(UnknownLayout, IsWhatTheUserSays) {
  const torch::Tensor image = torch::rand({2, 3, 8, 12});
  const torch::jit::Module network = mixing_network();
  for (const Engine engine : {Engine::compiled, Engine::autograd}) {
    const auto options = AttributeOptions().engine(engine).layout(Layout::channels_first());
    EXPECT_EQ(LayerGradCam(network, "layer").attribute(image, 1, options).sizes(),
              (std::vector<std::int64_t>{2, 1, 60}));
    const auto wrong = AttributeOptions().engine(engine).layout(Layout::tokens({6, 10}));
    const std::string message = message_of([&] { LayerGradCam(network, "layer").attribute(image, 1, wrong); });
    EXPECT_NE(message.find("the layout 6x10 is for N x 60 x C, and the tensor is 2 x 6 x 60"), std::string::npos)
        << message;
  }
}

TEST(LayoutsWithoutAGraph, AreThoseOfTheTensorThatIsNamed) {
  // No rule compiles nan_to_num, so that the axes are found by runs on larger inputs.
  const auto network = scripted(
      "def forward(self, x):\n    y = self.backbone.forward(torch.nan_to_num(x))\n"
      "    return (y['out'].permute([0, 3, 1, 2]) * y['first']).mean([2, 3])\n",
      {},
      {{"backbone", scripted("def forward(self, x):\n    y = torch.relu(x)\n"
                             "    return {'first': y, 'out': (y * y).permute([0, 2, 3, 1])}\n")}});
  const torch::Tensor image = torch::rand({2, 3, 8, 12});
  const torch::Tensor& y = image;  // d(mean(y * y * y)) of channel 1 by y * y is y / 96
  const torch::Tensor expected = (y * y * (y.mean({2, 3}, true) / 96)).slice(1, 1, 2);
  expect_close(LayerGradCam(network, "backbone:out").attribute(image, 1), expected, 1e-5, "Grad-CAM");
}

TEST(LayoutNames, AreReadAndWritten) {
  for (const char* name : {"auto", "nchw", "nhwc", "14x14", "14x14+1", "7+2", "2x3x4"})
    EXPECT_EQ(to_string(layout_named(name)), name);
  for (const char* name : {"", "NHWC", "14x", "x14", "14x14+", "14x14+0", "0x3", "1x2x3x4", "14x14+1x", "-1"})
    EXPECT_THROW(layout_named(name), InputError) << name;
}

}  // namespace
}  // namespace whycam::test
