// libtorch's fused attention, against the same written out, under autograd in double precision.
#include <gtest/gtest.h>

#include "support/reference.h"
#include "support/scripted.h"
#include "whycam/whycam.h"

namespace whycam::test {
namespace {

constexpr int width = 8;

using Weights = std::vector<std::pair<std::string, torch::Tensor>>;

Weights weights() {
  torch::manual_seed(5);
  const auto random = [](std::initializer_list<std::int64_t> shape) { return torch::randn(shape) * 0.4; };
  return {{"patch", random({width, 3, 4, 4})},
          {"qkv", random({3 * width, width})},
          {"qkv_bias", random({3 * width})},
          {"out", random({width, width})},
          {"out_bias", random({width})},
          {"up", random({12, width})},
          {"up_bias", random({12})},
          {"down", random({width, 12})},
          {"down_bias", random({width})},
          {"one", random({width})},
          {"one_bias", random({width})},
          {"two", random({width})},
          {"two_bias", random({width})},
          {"head", random({4, width})},
          {"mask", torch::rand({12, 12}) > 0.3}};
}

const std::string written_out =
    "def attended(self, x):\n"
    "    q, k, v = torch.chunk(torch.linear(x, self.qkv, self.qkv_bias), 3, 2)\n"
    "    q = q.reshape([x.size(0), 12, 2, 4]).transpose(1, 2)\n"
    "    k = k.reshape([x.size(0), 12, 2, 4]).transpose(1, 2)\n"
    "    v = v.reshape([x.size(0), 12, 2, 4]).transpose(1, 2)\n"
    "    y = torch.matmul(SCORES, v)\n"
    "    return torch.linear(y.transpose(1, 2).reshape(x.size()), self.out, self.out_bias)\n";

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  return text.replace(text.find(what), what.size(), with);
}

std::string attended(const std::string& scores) { return replaced(written_out, "SCORES", scores); }

/// Patches, the layer, what is tested, and the mean as the class's scores.
torch::jit::Module network(const std::string& methods, const std::string& expression) {
  return scripted(methods +
                      "def forward(self, x):\n"
                      "    x = torch.conv2d(x, self.patch, stride=4).flatten(2).transpose(1, 2)\n"
                      "    x = self.layer.forward(x)\n"
                      "    return torch.linear(torch.relu(" +
                      expression + ").mean(1), self.head)\n",
                  weights(), {{"layer", scripted("def forward(self, x):\n    return torch.relu(x)\n")}});
}

void expect_same_maps(const torch::jit::Module& fused, const torch::jit::Module& written) {
  const torch::Tensor image = torch::rand({2, 3, 12, 16});
  for (int target = 0; target < 4; ++target) {
    const auto compiled = AttributeOptions().engine(Engine::compiled),
               autograd = AttributeOptions().engine(Engine::autograd);
    const torch::Tensor expected = LayerGradCam(written, "layer").attribute(image, target, autograd);
    EXPECT_GT(expected.abs().max().item<float>(), 0);
    expect_close(LayerGradCam(fused, "layer").attribute(image, target, compiled), expected, 1e-4, "Grad-CAM");
    expect_close(GuidedBackprop(fused).attribute(image, target, compiled),
                 GuidedBackprop(written).attribute(image, target, autograd), 1e-4, "guided backpropagation");
  }
}

TEST(FusedAttention, OfAnEncoderLayerEqualsWhatItComputes) {
  const std::string plain = attended("torch.softmax(torch.matmul(q, k.transpose(2, 3)) * 0.5, 3)");
  const std::string norm = "def norm(self, x, w, b):\n    return torch.layer_norm(x, [8], w, b, 1e-5)\n";
  const std::string begin =
      "torch._transformer_encoder_layer_fwd(x, 8, 2, self.qkv, self.qkv_bias, self.out, self.out_bias, ";
  const std::string end =
      ", 1e-5, self.one, self.one_bias, self.two, self.two_bias, self.up, self.up_bias, self.down, self.down_bias)";
  for (const char* const function : {"relu", "gelu"}) {
    const std::string feed =
        std::string("def feed(self, x):\n    x = torch.") + function +
        "(torch.linear(x, self.up, self.up_bias))\n    return torch.linear(x, self.down, self.down_bias)\n";
    const std::string gelu = std::string(function) == "gelu" ? "True" : "False";
    expect_same_maps(network("", begin + gelu + ", False" + end),
                     network(plain + norm + feed +
                                 "def layer_of(self, x):\n"
                                 "    x = self.norm(x + self.attended(x), self.one, self.one_bias)\n"
                                 "    return self.norm(x + self.feed(x), self.two, self.two_bias)\n",
                             "self.layer_of(x)"));
    expect_same_maps(network("", begin + gelu + ", True" + end),
                     network(plain + norm + feed +
                                 "def layer_of(self, x):\n"
                                 "    x = x + self.attended(self.norm(x, self.one, self.one_bias))\n"
                                 "    return x + self.feed(self.norm(x, self.two, self.two_bias))\n",
                             "self.layer_of(x)"));
  }
}

TEST(FusedAttention, OfSeveralHeadsEqualsWhatItComputes) {
  expect_same_maps(
      network(
          "",
          "torch._native_multi_head_attention(x, x, x, 8, 2, self.qkv, self.qkv_bias, self.out, self.out_bias, None, "
          "False)[0]"),
      network(attended("torch.softmax(torch.matmul(q, k.transpose(2, 3)) * 0.5, 3)"), "self.attended(x)"));
}

TEST(FusedAttention, OfScaledProductsEqualsWhatItComputes) {
  const std::vector<std::pair<std::string, std::string>> calls{
      {"torch.scaled_dot_product_attention(q, k, v)", "torch.softmax(torch.matmul(q, k.transpose(2, 3)) * 0.5, 3)"},
      {"torch.scaled_dot_product_attention(q, k, v, self.mask)",
       "torch.softmax((torch.matmul(q, k.transpose(2, 3)) * 0.5).masked_fill(torch.logical_not(self.mask), -1e30), 3)"},
      {"torch.scaled_dot_product_attention(q, k, v, None, 0.0, True)",
       "torch.softmax((torch.matmul(q, k.transpose(2, 3)) * 0.5).masked_fill(torch.triu(torch.ones([12, 12]), 1) > 0, "
       "-1e30), 3)"}};
  for (const auto& [fused, scores] : calls) {
    SCOPED_TRACE(fused);
    torch::jit::Module module;
    try {
      module = network(replaced(written_out, "torch.matmul(SCORES, v)", fused), "self.attended(x)");
    } catch (const std::exception&) {
      GTEST_SKIP() << "this libtorch does not have the operator";
    }
    expect_same_maps(module, network(attended(scores), "self.attended(x)"));
  }
}

}  // namespace
}  // namespace whycam::test
