// Random small networks: autograd, the plain evaluator and the plan agree.
#include <gtest/gtest.h>

#include <random>
#include <sstream>

#include "compiled/compare.h"
#include "support/scripted.h"

namespace whycam::test {
namespace {

/// Writes a network of some operations, one behind the other or in branches, all of which fit.
class RandomNetwork {
 public:
  explicit RandomNetwork(std::uint32_t seed) : random_(seed) {
    source_ << "def forward(self, x):\n";
    value_ = {"x", 3 + any(6), 12 + any(8), 12 + any(8)};
    input_shape_ = {1 + any(3), value_.channels, value_.height, value_.width};
    const int depth = 3 + static_cast<int>(any(6));
    const int layer = static_cast<int>(any(depth));
    for (int i = 0; i < depth; ++i) {
      step();
      if (i == layer) source_ << "    " << value_.name << " = self.layer.forward(" << value_.name << ")\n";
    }
    source_ << "    return torch.relu(" << value_.name << ").flatten(2).mean(2)\n";
  }

  torch::jit::Module module(torch::ScalarType type) const {
    std::vector<std::pair<std::string, torch::Tensor>> parameters;
    for (const auto& [name, tensor] : parameters_) parameters.emplace_back(name, tensor.to(type));
    return scripted(source_.str(), parameters, {{"layer", scripted("def forward(self, x):\n    return x\n")}});
  }
  const std::vector<std::int64_t>& input_shape() const { return input_shape_; }
  std::string source() const { return source_.str(); }

 private:
  struct Value {
    std::string name;
    std::int64_t channels, height, width;
  };

  std::int64_t any(std::int64_t below) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint32_t>(below));
  }
  std::string parameter(torch::IntArrayRef shape) {
    const std::string name = "p" + std::to_string(parameters_.size());
    parameters_.emplace_back(
        name, torch::randn(shape, torch::kDouble) / std::sqrt(static_cast<double>(shape.size() > 1 ? shape[1] : 1)));
    return "self." + name;
  }
  std::string next() { return "v" + std::to_string(count_++); }
  void set(const std::string& expression, std::int64_t channels, std::int64_t height, std::int64_t width) {
    const std::string name = next();
    source_ << "    " << name << " = " << expression << "\n";
    value_ = {name, channels, height, width};
  }

  void convolve() {
    const std::int64_t groups = value_.channels % 2 == 0 && any(3) == 0 ? 2 : any(4) == 0 ? value_.channels : 1;
    const std::int64_t kernel = 1 + any(3), stride = 1 + any(2), dilation = 1 + any(2), padding = any(3);
    const std::int64_t channels = groups * (1 + any(groups == value_.channels ? 2 : 9));
    const auto size = [&](std::int64_t from) {
      return (from + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1;
    };
    if (value_.height + 2 * padding < dilation * (kernel - 1) + 1 ||
        value_.width + 2 * padding < dilation * (kernel - 1) + 1)
      return;
    const std::string bias = any(2) ? parameter({channels}) : "None";
    std::ostringstream text;
    text << "torch.conv2d(" << value_.name << ", " << parameter({channels, value_.channels / groups, kernel, kernel})
         << ", " << bias << ", [" << stride << ", " << stride << "], [" << padding << ", " << padding << "], ["
         << dilation << ", " << dilation << "], " << groups << ")";
    set(text.str(), channels, size(value_.height), size(value_.width));
  }

  void pool() {
    const std::int64_t kernel = 2 + any(2), stride = 1 + any(3), padding = any(2);
    const bool up = any(2), largest = any(2);
    if (value_.height < kernel || value_.width < kernel) return;
    const auto size = [&](std::int64_t from) {
      std::int64_t count = (from + 2 * padding - kernel + (up ? stride - 1 : 0)) / stride + 1;
      if (up && (count - 1) * stride >= from + padding) --count;
      return count;
    };
    std::ostringstream text;
    text << (largest ? "torch.max_pool2d(" : "torch.avg_pool2d(") << value_.name << ", [" << kernel << ", " << kernel
         << "], [" << stride << ", " << stride << "], [" << padding << ", " << padding << "], ";
    if (largest)
      text << "[1, 1], " << (up ? "True" : "False") << ")";
    else
      text << (up ? "True" : "False") << ", " << (any(2) ? "True" : "False") << ")";
    set(text.str(), value_.channels, size(value_.height), size(value_.width));
  }

  void step() {
    const Value before = value_;
    switch (any(9)) {
      case 0:
      case 1:
      case 2:
        return convolve();
      case 3:
        return pool();
      case 4: {
        static const char* const functions[] = {"torch.relu(",        "torch.sigmoid(",       "torch.tanh(",
                                                "torch.relu_(1.5 * ", "torch.abs(",           "torch.exp(0.1 * ",
                                                "torch.hardtanh(",    "torch.clamp_min_(2 * "};
        const std::string call = functions[any(8)];
        return set(call + value_.name + (call.rfind("torch.clamp", 0) == 0 ? ", 0)" : ")"), before.channels,
                   before.height, before.width);
      }
      case 5: {  // a batch norm
        const std::int64_t c = value_.channels;
        const std::string weight = parameter({c}), bias = parameter({c}), mean = parameter({c});
        const std::string variance = "(" + parameter({c}) + ".abs() + 0.5)";
        return set("torch.batch_norm(" + value_.name + ", " + weight + ", " + bias + ", " + mean + ", " + variance +
                       ", False, 0.1, 1e-5, False)",
                   c, before.height, before.width);
      }
      case 6: {  // a branch that keeps the size, added up
        set("torch.conv2d(" + value_.name + ", " + parameter({value_.channels, value_.channels, 3, 3}) +
                ", None, [1, 1], [1, 1])",
            before.channels, before.height, before.width);
        return set("torch.relu(" + value_.name + " + " + before.name + ")", before.channels, before.height,
                   before.width);
      }
      case 7: {  // a branch that keeps the size, concatenated
        const std::int64_t channels = 1 + any(20);
        set("torch.relu(torch.conv2d(" + value_.name + ", " + parameter({channels, value_.channels, 1, 1}) + "))",
            channels, before.height, before.width);
        return set("torch.cat([" + before.name + ", " + value_.name + "], 1)", before.channels + channels,
                   before.height, before.width);
      }
      default: {  // channels that are scaled by what the network sees
        return set(value_.name + " * torch.sigmoid(" + value_.name + ".mean([2, 3], True))", before.channels,
                   before.height, before.width);
      }
    }
  }

  std::mt19937 random_;
  std::ostringstream source_;
  Value value_;
  std::vector<std::int64_t> input_shape_;
  std::vector<std::pair<std::string, torch::Tensor>> parameters_;
  int count_ = 0;
};

class RandomNetworks : public testing::TestWithParam<int> {};

TEST_P(RandomNetworks, AreComputedAlikeByAutogradTheEvaluatorAndThePlan) {
  torch::manual_seed(GetParam());
  const RandomNetwork network(static_cast<std::uint32_t>(GetParam()));
  SCOPED_TRACE(network.source());
  const torch::Tensor x = torch::randn(network.input_shape(), torch::kDouble);
  engine::Request request;
  request.inputs = {x};
  request.layers = {Layer("layer")};
  const Model exact(network.module(torch::kDouble)), single(network.module(torch::kFloat));
  engine::AutogradRun run(runnable(exact), request);
  const torch::Tensor gradient = some_gradient(run.output());
  const auto expected = outputs_of(run, gradient);
  const graph::Forward lowered = engine::lower(*exact.network(), request);
  const graph::Graph program = graph::optimise(graph::program(lowered, all_treatments()),
                                               [](const char*, const graph::Graph& graph) { graph::verify(graph); });
  expect_same(outputs_of(program, request, gradient), expected, 1e-9);
  request.inputs = {x.to(torch::kFloat)};
  const graph::Graph compiled =
      graph::optimise(graph::program(engine::lower(*single.network(), request), all_treatments()));
  // In single precision now and then a mask flips; what a wrong operator would do is larger by far.
  for (const auto& [name, tensor] : outputs_of_plan(compiled, request, gradient.to(torch::kFloat)))
    EXPECT_LE((tensor.to(torch::kDouble) - expected.at(name)).norm().item<double>(),
              1e-3 * expected.at(name).norm().item<double>() + 1e-6)
        << name;
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomNetworks, testing::Range(0, 150));

}  // namespace
}  // namespace whycam::test
