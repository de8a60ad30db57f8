// The rules at ReLUs, against the papers' formulas written out plainly, however a ReLU is written.
#include <gtest/gtest.h>

#include <functional>

#include "support/reference.h"
#include "support/scripted.h"

namespace whycam::test {
namespace {

/// conv -> f -> conv -> ReLU -> mean over space, as TorchScript; `lines` compute f's result `y` from `x`.
torch::jit::Module network_with(const std::string& lines) {
  torch::manual_seed(5);
  return scripted(
      "def forward(self, x):\n    x = torch.conv2d(x, self.first)\n" + lines +
          "    return torch.relu(torch.conv2d(y, self.second)).mean([2, 3])\n",
      {{"first", torch::randn({6, 2, 3, 3}, torch::kDouble)}, {"second", torch::randn({4, 6, 3, 3}, torch::kDouble)}});
}

using Backward = std::function<torch::Tensor(const torch::Tensor& before, const torch::Tensor& gradient)>;

/// Springenberg et al. 2014, equation in section 3.4: R = 1[f > 0] 1[R' > 0] R'.
torch::Tensor guided(const torch::Tensor& before, const torch::Tensor& gradient) {
  return gradient * (before > 0) * (gradient > 0);
}
/// Zeiler and Fergus 2014, as Springenberg et al. write it: R = 1[R' > 0] R'.
torch::Tensor deconvolved(const torch::Tensor&, const torch::Tensor& gradient) { return gradient * (gradient > 0); }

/// The gradient through network_with's network by hand: the transposed convolutions and, at each ReLU, `rule`; `middle`
/// is what f does to the gradient.
torch::Tensor by_hand(const torch::jit::Module& network, const torch::Tensor& input, std::int64_t target,
                      const Backward& rule, const Backward& middle,
                      const std::function<torch::Tensor(const torch::Tensor&)>& f) {
  const torch::NoGradGuard no_gradients;
  const torch::Tensor first = network.attr("first").toTensor(), second = network.attr("second").toTensor();
  const torch::Tensor x = torch::conv2d(input, first), z = torch::conv2d(f(x), second);
  torch::Tensor gradient = torch::zeros_like(z);
  gradient.select(1, target).fill_(1.0 / (z.size(2) * z.size(3)));
  gradient = torch::conv_transpose2d(rule(z, gradient), second);
  return torch::conv_transpose2d(middle(x, gradient), first);
}

struct Spelling {
  const char* name;
  const char* lines;
  bool first_half;  ///< whether only the first half of the channels meets the ReLU
};

void PrintTo(const Spelling& spelling, std::ostream* out) { *out << spelling.name; }

class ReluSpelling : public testing::TestWithParam<Spelling> {
 protected:
  static torch::Tensor half(const torch::Tensor& all, const torch::Tensor& changed) {
    return torch::cat({changed.slice(1, 0, 3), all.slice(1, 3)}, 1);
  }
  /// The rule at f's ReLU alone: on all channels, or on the first half.
  static Backward where_it_is(const Backward& rule) {
    if (!GetParam().first_half) return rule;
    return [rule](const torch::Tensor& before, const torch::Tensor& gradient) {
      return half(gradient, rule(before, gradient));
    };
  }
  static torch::Tensor f(const torch::Tensor& x) {
    return GetParam().first_half ? half(x, x.clamp_min(0)) : x.clamp_min(0);
  }
};

TEST_P(ReluSpelling, IsGuidedAsThePapersSay) {
  const torch::jit::Module network = network_with(GetParam().lines);
  const torch::Tensor input = torch::randn({2, 2, 9, 9}, torch::kDouble);
  for (const GuidedRule rule : {GuidedRule::captum, GuidedRule::paper}) {
    const auto options = AttributeOptions().guided_rule(rule).deconvolution_rule(rule);
    const GuidedBackprop guided_backprop{Model(network)};
    // double precision; sums of a few hundred products
    expect_close(guided_backprop.attribute(input, 1, options),
                 by_hand(network, input, 1, guided, where_it_is(guided), f), 1e-12, "guided backpropagation");
    // Captum's hook at a ReLU that enters another one sees the gradient before the other's hook changed it.
    if (rule == GuidedRule::captum && GetParam().name == std::string("twice")) continue;
    expect_close(Deconvolution(Model(network)).attribute(input, 1, options),
                 by_hand(network, input, 1, deconvolved, where_it_is(deconvolved), f), 1e-12, "deconvolution");
  }
}

TEST_P(ReluSpelling, IsCounted) {
  const torch::jit::Module network = network_with(GetParam().lines);
  const Explanation explanation = GuidedGradCam(network, "none")
                                      .explain(torch::randn({1, 2, 9, 9}, torch::kDouble), {0},
                                               AttributeOptions().methods({Method::guided_backprop}));
  EXPECT_EQ(explanation.activations.relus_guided, GetParam().name == std::string("twice") ? 3 : 2);
  EXPECT_TRUE(explanation.activations.not_guided.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Spellings, ReluSpelling,
    testing::Values(Spelling{"function", "    y = torch.relu(x)\n", false},
                    Spelling{"method", "    y = x.relu()\n", false}, Spelling{"in_place", "    y = x.relu_()\n", false},
                    Spelling{"clamp", "    y = x.clamp(min=0)\n", false},
                    Spelling{"clamp_in_place", "    y = x.clamp_(min=0.0)\n", false},
                    Spelling{"clamp_min", "    y = torch.clamp_min(x, 0)\n", false},
                    Spelling{"threshold", "    y = torch.threshold(x, 0, 0)\n", false},
                    Spelling{"threshold_in_place", "    y = torch.threshold_(x, 0.0, 0.0)\n", false},
                    Spelling{"twice", "    y = torch.relu(torch.relu(x))\n", false},
                    Spelling{"in_place_on_a_slice", "    x[:, :3].relu_()\n    y = x\n", true},
                    Spelling{"clamp_in_place_on_a_slice", "    x[:, :3].clamp_(min=0)\n    y = x\n", true},
                    Spelling{"in_place_on_a_view", "    x.view([x.size(0), -1]).relu_()\n    y = x\n", false},
                    Spelling{"in_place_on_a_permutation",
                             "    y = x.permute([0, 2, 3, 1]).relu_().permute([0, 3, 1, 2])\n", false}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(ReluAtZero, HasNoGradientHoweverItIsWritten) {
  for (const char* relu : {"torch.relu(x)", "x.clamp(min=0)", "torch.threshold(x, 0, 0)"}) {
    const auto network = scripted(std::string("def forward(self, x):\n    return ") + relu + ".sum([1])\n");
    const torch::Tensor x = torch::tensor({{-1.0, 0.0, 2.0}});
    const torch::Tensor expected = torch::tensor({{0.0, 0.0, 1.0}});
    EXPECT_TRUE(GuidedBackprop(Model(network)).attribute(x).equal(expected.to(x.scalar_type()))) << relu;
  }
}

TEST(ReluRule, CaptumAndPaperDifferWhereTheTensorGoesAroundToo) {
  // y = relu(x) - 3 x: the gradient at x is 1 from the ReLU and -3 around it
  const auto network = scripted("def forward(self, x):\n    x = x * 1\n    return (torch.relu(x) - 3 * x).sum([1])\n");
  const torch::Tensor x = torch::tensor({{2.0, -2.0}}, torch::kDouble);
  const auto attribute = [&](GuidedRule rule) {
    return GuidedBackprop(Model(network)).attribute(x, {}, AttributeOptions().guided_rule(rule));
  };
  EXPECT_TRUE(attribute(GuidedRule::captum).equal(torch::tensor({{0.0, 0.0}}, torch::kDouble)));
  EXPECT_TRUE(attribute(GuidedRule::paper).equal(torch::tensor({{-2.0, -3.0}}, torch::kDouble)));
}

TEST(ClippedRelus, FollowTheRuleOnRequest) {
  // the gradient of -relu6(x) is -1 inside (0, 6): the guided rule takes it out
  for (const char* clipped : {"torch.relu6(x)", "torch.hardtanh(x, 0.0, 6.0)", "x.clamp(0, 6)"}) {
    const auto network = scripted(std::string("def forward(self, x):\n    return -(") + clipped + ").sum([1])\n");
    const torch::Tensor x = torch::tensor({{-1.0, 3.0, 7.0}}, torch::kDouble);
    const GuidedBackprop guided_backprop{Model(network)};
    EXPECT_TRUE(guided_backprop.attribute(x).equal(torch::tensor({{0.0, -1.0, 0.0}}, torch::kDouble))) << clipped;
    const auto options = AttributeOptions().guide_clipped_relus(true);
    EXPECT_TRUE(guided_backprop.attribute(x, {}, options).abs().equal(torch::zeros_like(x))) << clipped;
  }
}

TEST(ActivationReport, NamesWhatIsNotGuided) {
  const auto network = scripted(R"(
def forward(self, x):
    x = torch.sigmoid(torch.leaky_relu(torch.relu6(torch.relu(x)), 0.1))
    return torch.maximum(x, torch.zeros_like(x)).mean([2, 3])
)");
  const Explanation explanation =
      GuidedGradCam(network, "none")
          .explain(torch::randn({1, 2, 4, 4}), {0}, AttributeOptions().methods({Method::guided_backprop}));
  EXPECT_EQ(explanation.activations.relus_guided, 1);
  EXPECT_EQ(explanation.activations.not_guided,
            (std::map<std::string, std::int64_t>{{"relu6", 1}, {"leaky_relu", 1}, {"sigmoid", 1}, {"maximum", 1}}));
}

TEST(ActivationReport, ANetworkWithoutAReluWarns) {
  const auto network = scripted("def forward(self, x):\n    return torch.tanh(x).mean([2, 3])\n");
  std::vector<std::string> handled;
  set_warning_handler([&handled](const std::string& warning) { handled.push_back(warning); });
  const GuidedGradCam explainer(network, "none");
  const auto options = AttributeOptions().methods({Method::guided_backprop});
  const Explanation first = explainer.explain(torch::randn({1, 2, 4, 4}), {0}, options);
  explainer.explain(torch::randn({1, 2, 4, 4}), {0}, options);
  set_warning_handler({});
  ASSERT_EQ(first.warnings.size(), 1u);
  EXPECT_NE(first.warnings[0].find("no ReLU"), std::string::npos);
  EXPECT_EQ(handled, first.warnings) << "once an explainer";
}

}  // namespace
}  // namespace whycam::test
