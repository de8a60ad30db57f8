// C++ networks: the layer by reference or name, Taps, and what cannot be observed.
#include <gtest/gtest.h>
#include <torch/nn.h>

#include <map>
#include <set>

#include "support/networks.h"
#include "support/reference.h"

namespace whycam::test {
namespace {

namespace nn = torch::nn;

struct NetImpl : nn::Module {
  torch::Tensor forward(torch::Tensor x) {
    x = torch::relu(bn(conv1(x)));
    x = middle(torch::max_pool2d(x, 2));
    return fc(own->forward(conv4(x).relu_()).mean({2, 3}));
  }
  struct OwnImpl : nn::Module {  // a user's layer that does more than one call with its weight
    torch::Tensor weight = register_parameter("weight", torch::ones({1}));
    torch::Tensor forward(const torch::Tensor& x) { return torch::relu(x * weight); }
  };
  nn::Conv2d conv1{register_module("conv1", nn::Conv2d(nn::Conv2dOptions(3, 4, 3).padding(1)))};
  nn::BatchNorm2d bn{register_module("bn", nn::BatchNorm2d(4))};
  Tap middle{register_module("middle", Tap())};
  nn::Conv2d conv4{register_module("conv4", nn::Conv2d(nn::Conv2dOptions(4, 6, 3).padding(1)))};
  std::shared_ptr<OwnImpl> own{register_module("own", std::make_shared<OwnImpl>())};
  nn::ReLU unobservable{register_module("unobservable", nn::ReLU())};
  nn::Linear fc{register_module("fc", nn::Linear(6, 5))};
};
TORCH_MODULE(Net);

class CppModule : public testing::Test {
 protected:
  void SetUp() override {
    torch::manual_seed(11);
    net_ = std::make_shared<NetImpl>();
    net_->eval();
    x_ = torch::rand({2, 3, 12, 12});
  }
  std::shared_ptr<NetImpl> net_;
  torch::Tensor x_;
};

TEST_F(CppModule, ALayerIsGivenByReferenceOrByName) {
  const torch::Tensor by_name = GuidedGradCam(net_, "conv4").attribute(x_, 3);
  EXPECT_EQ(by_name.sizes(), x_.sizes());
  EXPECT_GT(LayerGradCam(net_, "conv4").attribute(x_, 3).abs().max().item<float>(), 0);
  EXPECT_TRUE(GuidedGradCam(net_, net_->conv4).attribute(x_, 3).equal(by_name));
  EXPECT_TRUE(GuidedGradCam(net_, *net_->conv4).attribute(x_, 3).equal(by_name));
  EXPECT_NO_THROW(GuidedGradCam(net_, net_->middle).attribute(x_, 3));
}

TEST_F(CppModule, AModuleHolderIsAModel) {
  Net holder;
  holder->eval();
  EXPECT_NO_THROW(GuidedGradCam(holder, holder->conv4).attribute(x_, 3));
}

TEST_F(CppModule, TheLayerBeforeAnInPlaceReluIsSeenBeforeIt) {
  // conv4's output is overwritten by relu_: its attribution must hold what the convolution gave
  const torch::Tensor cam = LayerGradCam(net_, net_->conv4).attribute(x_, 3);
  const torch::NoGradGuard no_gradients;
  const torch::Tensor activation = net_->conv4(torch::max_pool2d(torch::relu(net_->bn(net_->conv1(x_))), 2));
  ASSERT_LT(activation.min().item<float>(), 0);
  // mean gradient of channel c by hand: fc weight / (6 * 6) where both ReLUs pass, averaged over space
  const torch::Tensor passes = (activation > 0).to(torch::kFloat).mean({2, 3}, true);
  const torch::Tensor weights = passes * net_->fc->weight[3].reshape({1, 6, 1, 1}) / 36.0;
  expect_close(cam, (weights * activation).sum(1, true), 1e-5, "by hand, float32 sums of six products");
}

TEST_F(CppModule, ALayerWithoutAWeightOfItsOwnAsksForATap) {
  for (const Layer& layer : {Layer("unobservable"), Layer(net_->unobservable), Layer("own")}) {
    try {
      GuidedGradCam(net_, layer).attribute(x_, 3);
      FAIL() << layer.path();
    } catch (const LayerError& error) {
      EXPECT_NE(std::string(error.what()).find("whycam::Tap"), std::string::npos) << error.what();
    }
  }
}

TEST_F(CppModule, ALayerOfAnotherNetworkIsAnError) {
  const nn::Conv2d stranger(3, 4, 3);
  EXPECT_THROW(GuidedGradCam(net_, stranger).attribute(x_, 3), LayerError);
  EXPECT_THROW(GuidedGradCam(net_, "conv5").attribute(x_, 3), LayerError);
}

TEST_F(CppModule, ItsModeParametersAndBuffersStayAsTheyWere) {
  net_->train();
  std::vector<torch::Tensor> before;
  for (const auto& tensor : net_->parameters()) before.push_back(tensor.detach().clone());
  for (const auto& tensor : net_->buffers()) before.push_back(tensor.detach().clone());
  GuidedGradCam(net_, net_->conv4).explain(x_, {1, 2});
  EXPECT_THROW(GuidedGradCam(net_, net_->conv4).attribute(x_, 99), TargetError);
  EXPECT_THROW(GuidedGradCam(net_, net_->conv4).attribute(torch::rand({1, 7, 4, 4}), 0), ModelError);
  std::size_t i = 0;
  for (const auto& tensor : net_->parameters()) {
    EXPECT_TRUE(tensor.equal(before[i++]));
    EXPECT_TRUE(tensor.requires_grad());
    EXPECT_FALSE(tensor.grad().defined());
  }
  for (const auto& tensor : net_->buffers()) EXPECT_TRUE(tensor.equal(before[i++]));
  EXPECT_TRUE(net_->is_training());
}

TEST_F(CppModule, LayersAreListedWithTheObservableOnesMeasured) {
  const auto layers = Model(net_).layers({x_});
  std::map<std::string, LayerInfo> by_name;
  for (const LayerInfo& layer : layers) by_name[layer.path] = layer;
  EXPECT_EQ(by_name.at("conv4").output_shapes.at(0), (std::vector<std::int64_t>{2, 6, 6, 6}));
  EXPECT_TRUE(by_name.at("conv4").is_default);
  EXPECT_TRUE(by_name.at("own").output_shapes.empty());
  EXPECT_EQ(Model(net_).default_layer({x_}), "conv4");
}

TEST_F(CppModule, EveryChildOfASequentialCanBeALayer) {
  nn::Sequential network(nn::Conv2d(3, 4, 3), nn::ReLU(nn::ReLUOptions(true)), nn::MaxPool2d(2), nn::Conv2d(4, 6, 3),
                         nn::ReLU(), nn::AdaptiveAvgPool2d(1), nn::Flatten(), nn::Linear(6, 5));
  network->eval();
  const Model model(network);
  for (const char* layer : {"0", "1", "2", "3", "4"})
    EXPECT_EQ(GuidedGradCam(model, layer).attribute(x_, 3).sizes(), x_.sizes()) << layer;
  EXPECT_TRUE(LayerGradCam(model, "3").attribute(x_, 3).equal(LayerGradCam(model, network[3]).attribute(x_, 3)));
  EXPECT_FALSE(LayerGradCam(model, "0").attribute(x_, 3).equal(LayerGradCam(model, "1").attribute(x_, 3)));
  const auto layer_input = AttributeOptions().attribute_to_layer_input(true);
  EXPECT_TRUE(LayerGradCam(model, "1").attribute(x_, 3, layer_input).equal(LayerGradCam(model, "0").attribute(x_, 3)));
  EXPECT_EQ(model.default_layer({x_}), "4");
}

TEST_F(CppModule, APlainFunctionIsExplainedAtItsTaps) {
  Tap tap;
  const auto function = [net = net_, tap](const torch::Tensor& x, double scale) mutable {
    torch::Tensor y = torch::relu(net->bn(net->conv1(x)) * scale);
    y = tap(torch::max_pool2d(y, 2));
    return net->fc(torch::relu(net->conv4(y)).mean({2, 3}));
  };
  const auto options = AttributeOptions().additional_forward_args({1.0});
  const torch::Tensor expected = LayerGradCam(net_, net_->middle).attribute(x_, 3);
  // fc's input differs by the layer `own`, an identity on what a ReLU gave
  expect_close(LayerGradCam(Model::of(function), tap).attribute(x_, 3, options), expected, 1e-6, "function");
  EXPECT_THROW(LayerGradCam(Model::of(function), tap).attribute(x_, 3), ModelError) << "scale is missing";
  EXPECT_THROW(LayerGradCam(Model::of(function), "conv4").attribute(x_, 3, options), LayerError);
  EXPECT_THROW(LayerGradCam(Model::of(function), Tap()).attribute(x_, 3, options), LayerError);
}

TEST_F(CppModule, AWeightUsedForAnotherEndIsNotTheLayer) {
  struct MaskedImpl : nn::Module {
    torch::Tensor forward(const torch::Tensor& x) {
      const torch::Tensor y = conv(x) + (conv->weight * x.mean()).sum();
      return torch::relu(linear(y.flatten(2))).mean({1});
    }
    nn::Conv2d conv{register_module("conv", nn::Conv2d(3, 4, 3))};
    nn::Linear linear{register_module("linear", nn::Linear(100, 5))};
  };
  const auto network = std::make_shared<MaskedImpl>();
  EXPECT_EQ(LayerGradCam(network, "conv").attribute(x_, 3).sizes(), (torch::IntArrayRef{2, 1, 10, 10}));
  // on three dimensions a linear layer multiplies first and adds its bias later: no one call gives its output
  EXPECT_THROW(LayerGradCam(network, "linear").attribute(x_, 3), LayerError);
}

TEST_F(CppModule, AReplicaWithoutTheWeightsIsRefused) {
  struct ChildImpl : nn::Module {
    torch::Tensor forward(const torch::Tensor& x) { return conv(x); }
    nn::Conv2d conv{register_module("conv", nn::Conv2d(3, 4, 3))};
  };
  struct ParentImpl : nn::Cloneable<ParentImpl> {
    ParentImpl() { reset(); }
    void reset() override { child = register_module("child", std::make_shared<ChildImpl>()); }
    torch::Tensor forward(const torch::Tensor& x) { return torch::relu(child->forward(x)).mean({2, 3}); }
    std::shared_ptr<ChildImpl> child;
  };
  EXPECT_THROW(GuidedBackprop(Model(std::make_shared<ParentImpl>()), {torch::kCPU, torch::kCPU}), ModelError);
}

TEST_F(CppModule, TheHistoryOfATensorThatTheNetworkUsesIsNotChanged) {
  // y = -relu(w) + clamp(w, 0): the guided rule would take out the first part, a ReLU's rule at 0 a part of the second
  const torch::Tensor w = torch::tensor({0.0, 2.0}).requires_grad_(true);
  const torch::Tensor history = -2 * torch::relu(w) + w.clamp_min(0);
  Tap tap;
  const auto function = [&](const torch::Tensor& x) { return torch::relu(tap(x * history.sum().abs())).mean({2, 3}); };
  GuidedGradCam(Model::of(function), tap).attribute(x_, 0);
  history.sum().backward();
  EXPECT_TRUE(w.grad().equal(torch::tensor({1.0, -1.0}))) << w.grad();
}

TEST_F(CppModule, AWeightThatTwoLayersShareAsksForATap) {
  struct TiedImpl : nn::Module {
    TiedImpl() { second->weight = register_parameter("tied", first->weight); }
    torch::Tensor forward(const torch::Tensor& x) { return second(torch::relu(first(x))).mean({2, 3}); }
    nn::Conv2d first{register_module("first", nn::Conv2d(nn::Conv2dOptions(3, 3, 3).padding(1)))};
    nn::Conv2d second{register_module("second", nn::Conv2d(nn::Conv2dOptions(3, 3, 3).padding(1)))};
  };
  EXPECT_THROW(LayerGradCam(std::make_shared<TiedImpl>(), "first").attribute(x_, 0), LayerError);
}

TEST_F(CppModule, OneModuleCanBeSeveralLayersOfOneExplanation) {
  struct OuterImpl : nn::Module {
    torch::Tensor forward(const torch::Tensor& x) { return torch::relu(body->forward(x)).mean({2, 3}); }
    nn::Sequential body{register_module("body", nn::Sequential(nn::Conv2d(3, 4, 3), nn::Conv2d(4, 6, 3)))};
  };
  const Model model(std::make_shared<OuterImpl>());
  const Explanation explanation =
      GuidedGradCam(model, std::vector<Layer>{"body", "body.1", "body.1"}).explain({x_}, {3});
  for (int i = 1; i < 3; ++i)
    EXPECT_TRUE(
        explanation.targets[0].layers[i].guided_grad_cam[0].equal(explanation.targets[0].layers[0].guided_grad_cam[0]));
  std::map<std::string, LayerInfo> by_name;
  for (const LayerInfo& layer : model.layers({x_})) by_name[layer.path] = layer;
  EXPECT_EQ(by_name.at("body.1").output_shapes, by_name.at("body").output_shapes);
  EXPECT_EQ(by_name.at("body.1").output_shapes.at(0), (std::vector<std::int64_t>{2, 6, 8, 8}));
}

TEST_F(CppModule, AForwardMayBeNoexceptAndTakeReferencesAndOptionals) {
  struct PickyImpl : nn::Module {
    torch::Tensor forward(torch::Tensor& x, const network::Optional<std::int64_t>& power, bool&& twice) noexcept {
      const torch::Tensor y = torch::relu(conv(x)).mean({2, 3}).pow(power.value_or(1));
      return twice ? 2 * y : y;
    }
    nn::Conv2d conv{register_module("conv", nn::Conv2d(3, 4, 3))};
  };
  const LayerGradCam explainer(std::make_shared<PickyImpl>(), "conv");
  const auto with = [&](std::vector<c10::IValue> arguments) {
    return explainer.attribute(x_, 0, AttributeOptions().additional_forward_args(std::move(arguments)));
  };
  EXPECT_TRUE(with({c10::IValue(), false}).equal(with({1, false})));
  EXPECT_TRUE(with({1, true}).equal(2 * with({1, false})));
}

TEST_F(CppModule, ABufferThatTrainingModeWritesAndTheGradientNeedsIsRefused) {
  // y = x * mean, where mean follows the inputs: its gradient needs the mean of this run, which is put back behind it
  struct RunningImpl : nn::Module {
    explicit RunningImpl(bool copies) : copies(copies) {}
    torch::Tensor forward(const torch::Tensor& x) {
      const torch::Tensor y = torch::relu(norm(conv(x)));
      if (is_training()) mean.mul_(0.9).add_(0.1 * y.detach().mean());
      return (y * (copies ? mean.clone() : mean)).mean({2, 3});
    }
    bool copies;
    nn::Conv2d conv{register_module("conv", nn::Conv2d(3, 4, 3))};
    nn::BatchNorm2d norm{register_module("norm", nn::BatchNorm2d(4))};
    torch::Tensor mean = register_buffer("mean", torch::ones({1}));
  };
  const auto network = std::make_shared<RunningImpl>(false), copying = std::make_shared<RunningImpl>(true);
  EXPECT_THROW(LayerGradCam(network, "conv").attribute(x_, 0), ModelError);
  EXPECT_TRUE(network->mean.equal(torch::ones({1})));
  EXPECT_NO_THROW(LayerGradCam(copying, "conv").attribute(x_, 0));
  network->eval();
  EXPECT_NO_THROW(LayerGradCam(network, "conv").attribute(x_, 0));
}

TEST_F(CppModule, ReplicasKeepTheNamesOfASequential) {
  struct NamedImpl : nn::Cloneable<NamedImpl> {
    NamedImpl() { reset(); }
    void reset() override {
      body = register_module("body", nn::Sequential());
      body->push_back("first", nn::Conv2d(3, 4, 3));
      body->push_back("act", nn::ReLU());
    }
    torch::Tensor forward(const torch::Tensor& x) { return body->forward(x).mean({2, 3}); }
    nn::Sequential body{nullptr};
  };
  const auto network = std::make_shared<NamedImpl>();
  const std::vector<torch::Device> devices{torch::kCPU, torch::kCPU};
  const torch::Tensor expected = LayerGradCam(network, "body.first").attribute(x_, 3);
  expect_close(LayerGradCam(network, "body.first", devices).attribute(x_, 3), expected, 1e-5,
               "float32, another batch size");
  expect_close(LayerGradCam(network, network->body[0], devices).attribute(x_, 3), expected, 1e-5, "by reference");
}

TEST_F(CppModule, ReplicasWhoseOutputsCannotBeJoinedAreAnError) {
  struct SummedImpl : nn::Cloneable<SummedImpl> {
    SummedImpl() { reset(); }
    void reset() override { conv = register_module("conv", nn::Conv2d(3, 4, 3)); }
    torch::Tensor forward(const torch::Tensor& x) { return torch::relu(conv(x)).sum(); }
    nn::Conv2d conv{nullptr};
  };
  EXPECT_THROW(LayerGradCam(std::make_shared<SummedImpl>(), "conv", {torch::kCPU, torch::kCPU}).attribute(x_),
               ModelError);
}

TEST_F(CppModule, ActivationsOfParametersAreNotReported) {
  const torch::Tensor weight = torch::randn({4, 3, 3, 3}).requires_grad_(true);
  Tap tap;
  const auto function = [=](const torch::Tensor& x) mutable {
    return torch::relu(tap(torch::conv2d(x, torch::relu(torch::tanh(weight))))).mean({2, 3});
  };
  const ActivationReport report = GuidedGradCam(Model::of(function), tap).explain({x_}, {0}).activations;
  EXPECT_EQ(report.relus_guided, 1);
  EXPECT_TRUE(report.not_guided.empty());
}

TEST_F(CppModule, AWeightThatIsUsedInTwoWaysAsksForATap) {
  struct AutoencoderImpl : nn::Module {
    torch::Tensor forward(const torch::Tensor& x) {
      const torch::Tensor hidden = torch::relu(encoder(x));
      return torch::conv_transpose2d(hidden, encoder->weight, {}, 1, 1).mean({2, 3});
    }
    nn::Conv2d encoder{register_module("encoder", nn::Conv2d(nn::Conv2dOptions(3, 4, 3).padding(1)))};
  };
  struct DilatedImpl : nn::Module {
    torch::Tensor forward(const torch::Tensor& x) {
      return torch::conv2d(torch::relu(conv(x)), conv->weight, conv->bias, 1, 2, 2).mean({2, 3});
    }
    nn::Conv2d conv{register_module("conv", nn::Conv2d(nn::Conv2dOptions(3, 3, 3).padding(1)))};
  };
  EXPECT_THROW(LayerGradCam(std::make_shared<AutoencoderImpl>(), "encoder").attribute(x_, 0), LayerError);
  EXPECT_THROW(LayerGradCam(std::make_shared<DilatedImpl>(), "conv").attribute(x_, 0), LayerError);
}

TEST_F(CppModule, ACallTwiceInTheSameWayCountsWithItsLast) {
  struct TwiceImpl : nn::Module {
    torch::Tensor forward(const torch::Tensor& x) { return tap(conv(torch::relu(conv(x)))).mean({2, 3}); }
    nn::Conv2d conv{register_module("conv", nn::Conv2d(nn::Conv2dOptions(3, 3, 3).padding(1)))};
    Tap tap{register_module("tap", Tap())};
  };
  const auto network = std::make_shared<TwiceImpl>();
  EXPECT_TRUE(LayerGradCam(network, "conv").attribute(x_, 1).equal(LayerGradCam(network, "tap").attribute(x_, 1)));
}

TEST_F(CppModule, ASequentialWhoseLastChildRunsElsewhereAsksForATap) {
  struct ReusedImpl : nn::Module {
    torch::Tensor forward(const torch::Tensor& x) {
      return body->ptr<nn::Conv2dImpl>(1)->forward(torch::relu(body->forward(x))).mean({2, 3});
    }
    nn::Sequential body{
        register_module("body", nn::Sequential(nn::ReLU(), nn::Conv2d(nn::Conv2dOptions(3, 3, 3).padding(1))))};
  };
  EXPECT_THROW(LayerGradCam(std::make_shared<ReusedImpl>(), "body").attribute(x_, 1), LayerError);
}

TEST_F(CppModule, NullPointersAreClearErrors) {
  EXPECT_THROW(Model(std::shared_ptr<NetImpl>()), ModelError);
  EXPECT_THROW(Model(std::shared_ptr<nn::SequentialImpl>()), ModelError);
  EXPECT_THROW(Model(nn::Sequential(nullptr)), ModelError);
  EXPECT_THROW(Model(torch::jit::Module()), ModelError);
  EXPECT_THROW(GuidedGradCam(net_, std::shared_ptr<nn::Conv2dImpl>()), LayerError);
  EXPECT_THROW(GuidedGradCam(net_, nn::Conv2d(nullptr)), LayerError);
}

TEST_F(CppModule, MissingAndMistypedArgumentsSayWhich) {
  const auto function = [](const torch::Tensor& x, std::int64_t times, double scale) {
    return (torch::relu(x) * times * scale).mean({2, 3});
  };
  const GuidedBackprop explainer(Model::of(function));
  const auto message = [&](std::vector<c10::IValue> arguments) -> std::string {
    try {
      explainer.attribute(x_, 1, AttributeOptions().additional_forward_args(std::move(arguments)));
    } catch (const ModelError& error) {
      return error.what();
    }
    return {};
  };
  EXPECT_EQ(message({2, 0.5}), "");
  EXPECT_NE(message({2}).find("takes 3 arguments and 2 were given"), std::string::npos) << message({2});
  EXPECT_NE(message({"two", 0.5}).find("argument 1 "), std::string::npos) << message({"two", 0.5});
}

TEST_F(CppModule, TheNetworkItselfCanBeTheLayer) {
  nn::Conv2d conv(3, 4, 3);
  const torch::Tensor x = torch::rand({1, 3, 8, 8});
  const auto target = Target::at({1, 2, 3});
  EXPECT_TRUE(LayerGradCam(Model(conv), conv)
                  .attribute(x, target)
                  .allclose((torch::relu(conv->forward(x)).slice(1, 1, 2) / 36 -
                             torch::relu(-conv->forward(x)).slice(1, 1, 2) / 36),
                            1e-5, 1e-7));
}

TEST_F(CppModule, ReplicasFollowTheNetworksWeights) {
  struct SmallImpl : nn::Cloneable<SmallImpl> {
    SmallImpl() { reset(); }
    void reset() override { conv = register_module("conv", nn::Conv2d(3, 4, 3)); }
    torch::Tensor forward(const torch::Tensor& x) { return torch::relu(conv(x)).mean({2, 3}); }
    nn::Conv2d conv{nullptr};
  };
  const auto network = std::make_shared<SmallImpl>();
  const LayerGradCam replicated(network, "conv", {torch::kCPU, torch::kCPU}), plain(network, "conv");
  replicated.attribute(x_, 1);
  {
    const torch::NoGradGuard no_gradients;
    network->conv->weight.mul_(-2);
  }
  expect_close(replicated.attribute(x_, 1), plain.attribute(x_, 1), 1e-5, "float32, another batch size");
}

}  // namespace
}  // namespace whycam::test
