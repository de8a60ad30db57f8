// One's own objective around a C++ network.
#include <gtest/gtest.h>
#include <torch/nn.h>

#include "support/networks.h"
#include "support/reference.h"

namespace whycam::test {
namespace {

namespace nn = torch::nn;

struct NetImpl : nn::Module {
  torch::Tensor forward(torch::Tensor x) {
    x = middle(torch::max_pool2d(torch::relu(conv1(x)), 2));
    return fc(torch::relu(conv4(x)).mean({2, 3}));
  }
  nn::Conv2d conv1{register_module("conv1", nn::Conv2d(nn::Conv2dOptions(3, 4, 3).padding(1)))};
  Tap middle{register_module("middle", Tap())};
  nn::Conv2d conv4{register_module("conv4", nn::Conv2d(nn::Conv2dOptions(4, 6, 3).padding(1)))};
  nn::Linear fc{register_module("fc", nn::Linear(6, 5))};
};
TORCH_MODULE(Net);

class CppObjective : public testing::Test {
 protected:
  void SetUp() override {
    torch::manual_seed(11);
    net_ = std::make_shared<NetImpl>();
    x_ = torch::rand({2, 3, 12, 12});
  }
  std::shared_ptr<NetImpl> net_;
  torch::Tensor x_;
};

TEST_F(CppObjective, HasTheLayersOfItsNetwork) {
  const Model objective = Model::of(
      [](NetImpl& net, const torch::Tensor& x, double scale) { return scale * torch::log_softmax(net.forward(x), 1); },
      net_);
  const auto options = AttributeOptions().additional_forward_args({3.0});
  // d log_softmax_3 = d score_3 - sum of the softmax times d score: by linearity the same of the maps with their sign
  const torch::Tensor share = torch::softmax(net_->forward(x_), 1).detach();
  for (const Layer& layer : {Layer("conv4"), Layer(net_->conv4), Layer(net_->middle)}) {
    const LayerGradCam of_score(net_, layer);
    torch::Tensor expected = of_score.attribute(x_, 3);
    for (std::int64_t c = 0; c < 5; ++c)
      expected = expected - share.select(1, c).reshape({2, 1, 1, 1}) * of_score.attribute(x_, c);
    expect_close(LayerGradCam(objective, layer).attribute(x_, 3, options), 3 * expected, 1e-5, "sums of float32");
  }
  EXPECT_THROW(LayerGradCam(objective, "conv5").attribute(x_, 3, options), LayerError);
  EXPECT_THROW(LayerGradCam(objective, "conv4").attribute(x_, 3), ModelError) << "scale is missing";
  const Net holder;
  EXPECT_NO_THROW(
      GuidedGradCam(Model::of([](NetImpl& net, torch::Tensor x) { return net.forward(x); }, holder), holder->conv4)
          .attribute(x_, 3));
  EXPECT_THROW(Model::of([](NetImpl& net, torch::Tensor x) { return net.forward(x); }, std::shared_ptr<NetImpl>()),
               ModelError);
}

}  // namespace
}  // namespace whycam::test
