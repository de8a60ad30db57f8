// Plans are kept for requests; two requests that are not the same never share one.
#include "torch/engine/compiled/plan_key.h"

#include <gtest/gtest.h>

#include <limits>

#include "explain/plan_key.h"
#include "support/reference.h"
#include "support/scripted.h"

namespace whycam::test {
namespace {

using engine::Request;
using torchscript::Constant;

Request request_for(const std::vector<Layer>& layers, const std::vector<OutputElement>& output = {},
                    const std::vector<c10::IValue>& arguments = {}) {
  Request request;
  request.inputs = {torch::zeros({1, 2, 6, 6})};
  request.additional_forward_args = arguments;
  request.layers = layers;
  request.output_element = output;
  request.settings.methods = {Method::guided_backprop};
  return request;
}

engine::PlanKey key(const Request& request, int threads = 2, std::uint64_t version = 1) {
  return engine::plan_key(request, threads, version);
}

void expect_all_different(const std::vector<Request>& requests) {
  for (std::size_t i = 0; i < requests.size(); ++i)
    for (std::size_t j = 0; j < requests.size(); ++j)
      EXPECT_EQ(key(requests[i]) == key(requests[j]), i == j) << i << " and " << j;
}

TEST(PlanKey, TellsOutputsWithSeparatorsInTheirNamesApart) {
  const std::int64_t one = 1;
  expect_all_different({request_for({"a"}, {"a", "b"}), request_for({"a"}, {"a/1b"}), request_for({"a"}, {"1"}),
                        request_for({"a"}, {one}), request_for({"a"}, {"x", "y/1z"}), request_for({"a"}, {"x/1y", "z"}),
                        request_for({"a"})});
}

TEST(PlanKey, TellsLayersApart) {
  expect_all_different({request_for({"a"}), request_for({Layer("a", -1)}), request_for({Layer("a", 0)}),
                        request_for({"a#-10"}), request_for({"a", "b"}), request_for({"a#-10;b"}), request_for({"a;b"}),
                        request_for({"b", "a"})});
}

TEST(PlanKey, TellsArgumentsApart) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const c10::List<std::int64_t> integers{1, 2};
  std::vector<Request> requests;
  for (const c10::IValue& argument : std::vector<c10::IValue>{
           1, 1.0, true, "1", c10::IValue(), torch::Tensor(), torch::zeros({1}), torch::zeros({1}, torch::kLong), 0.0,
           -0.0, nan, std::nextafter(1.0, 2.0), torch::Device("cpu"), integers, c10::List<double>{1, 2},
           c10::List<std::string>{"1", "2"}, c10::List<std::string>{"1, 2"}, c10::List<std::int64_t>(),
           c10::List<double>()})
    requests.push_back(request_for({"a"}, {}, {argument}));
  requests.push_back(request_for({"a"}, {}, {"1", "2"}));
  requests.push_back(request_for({"a"}, {}, {"1;2"}));
  expect_all_different(requests);
}

TEST(PlanKey, HoldsWhatAListHeldAtItsTime) {
  c10::List<std::int64_t> list{1, 2};
  const engine::PlanKey before = key(request_for({"a"}, {}, {list}));
  EXPECT_TRUE(before == key(request_for({"a"}, {}, {c10::List<std::int64_t>{1, 2}})));
  list.set(1, 3);
  EXPECT_FALSE(before == key(request_for({"a"}, {}, {list})));
}

TEST(PlanKey, TellsTheRestApart) {
  const Request plain = request_for({"a"});
  EXPECT_TRUE(key(plain) == key(plain));
  EXPECT_FALSE(key(plain, 2, 1) == key(plain, 1, 2));
  Request other = plain;
  other.layer_inputs = true;
  EXPECT_FALSE(key(plain) == key(other));
  other = plain;
  other.settings.methods.push_back(Method::deconvolution);
  EXPECT_FALSE(key(plain) == key(other));
  other = plain;
  other.inputs[0] = torch::zeros({1, 2, 6, 6}).transpose(2, 3);
  EXPECT_FALSE(key(plain) == key(other));
}

TEST(PlanKey, OfNetworksTellsOutputsAndLayersApart) {
  Options options;
  options.methods = {Method::grad_cam};
  const auto of = [&](const std::string& layer, const std::vector<OutputElement>& output, bool layer_input = false) {
    return explain::plan_key({{1, 3, 8, 8}}, layer_input, output, methods::settings_of(options, {layer}));
  };
  EXPECT_TRUE(of("a", {"b"}) == of("a", {"b"}));
  EXPECT_FALSE(of("a", {"a", "b"}) == of("a", {"a/1b"}));
  EXPECT_FALSE(of("a", {"0"}) == of("a", {std::int64_t{0}}));
  EXPECT_FALSE(of("a", {}, true) == of("a1", {}));
  options.methods = {Method::guided_backprop};
  EXPECT_TRUE(of("a", {}) == of("b", {})) << "no layer is asked for: one plan does for both";
}

TEST(PlanCache, ExplainsTheOutputThatWasAskedForWhereNamesHoldSeparators) {
  const Model model = scripted(
      "def forward(self, x):\n    y = torch.relu(self.inner.forward(x) - 0.5).mean([2, 3])\n"
      "    return {'x': {'y/1z': y}, 'x/1y': {'z': y * 3}}\n",
      {}, {{"inner", scripted("def forward(self, x):\n    return x\n")}});
  const GuidedBackprop explainer(model);
  const torch::Tensor x = torch::rand({1, 2, 6, 6});
  const auto of = [&](const std::vector<OutputElement>& path) {
    return explainer.attribute(x, 1, AttributeOptions().engine(Engine::compiled).output_element(path));
  };
  const torch::Tensor once = of({"x", "y/1z"});
  expect_close(of({"x/1y", "z"}), 3 * once, 1e-6, "float32");
}

}  // namespace
}  // namespace whycam::test
