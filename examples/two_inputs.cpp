// A network with two inputs, a picture and a map of distances, and two additional arguments: how far is still
// near, and whether to smooth.
//
// It answers "is there something red and near?" with weights set by hand, so that the right explanation is
// known: of two red squares, one near and one far, it must show the near one alone.
//
// usage: two_inputs
#include <torch/torch.h>
#include <whycam/whycam.h>

#include <iostream>

namespace nn = torch::nn;

struct RedAndNearImpl : nn::Module {
  RedAndNearImpl() {
    const torch::NoGradGuard no_gradients;
    redness->weight.copy_(torch::tensor({1.0f, -1.0f, -1.0f}).view({1, 3, 1, 1}));
    blur->weight.fill_(1.0f / 25);
  }

  // Tensors that are explained come first, other arguments behind them.
  torch::Tensor forward(const torch::Tensor& colour, const torch::Tensor& distance, double reach, bool smooth) {
    const torch::Tensor red = torch::relu(redness(colour));
    const torch::Tensor near = torch::relu(reach - distance);
    torch::Tensor both = red * near;
    if (smooth) both = blur(both);
    return tap(both).mean({2, 3});  // N x 1: one class
  }

  nn::Conv2d redness{register_module("redness", nn::Conv2d(nn::Conv2dOptions(3, 1, 1).bias(false)))};
  nn::Conv2d blur{register_module("blur", nn::Conv2d(nn::Conv2dOptions(1, 1, 5).padding(2).bias(false)))};
  whycam::Tap tap{register_module("tap", whycam::Tap())};
};
TORCH_MODULE(RedAndNear);

// 16 x 16 elements of a map, from this row and column on.
torch::Tensor square(const torch::Tensor& map, std::int64_t first) {
  return map.slice(2, first, first + 16).slice(3, first, first + 16);
}

int main() try {
  constexpr std::int64_t near_one = 8, far_one = 40;
  torch::Tensor colour = torch::full({1, 3, 64, 64}, 0.2);    // RGB from 0 to 1
  torch::Tensor distance = torch::full({1, 1, 64, 64}, 9.0);  // metres
  square(colour, near_one).select(1, 0).fill_(1);
  square(colour, far_one).select(1, 0).fill_(1);
  square(distance, near_one).fill_(1);

  RedAndNear network;
  network->eval();
  const whycam::GuidedGradCam explainer(network, network->tap);
  const auto options = whycam::AttributeOptions().additional_forward_args({/*reach=*/2.0, /*smooth=*/true});

  // One attribution for each input, of its shape.
  const std::vector<torch::Tensor> attributions = explainer.attribute({colour, distance}, /*target=*/0, options);
  const char* const names[] = {"colour", "distance"};
  for (std::size_t i = 0; i < attributions.size(); ++i) {
    const torch::Tensor strength = attributions[i].abs();
    const auto percent_on = [&](std::int64_t first) {
      return 100 * (square(strength, first).sum() / strength.sum()).item<double>();
    };
    std::cout << names[i] << ": " << percent_on(near_one) << " % on the near square, " << percent_on(far_one)
              << " % on the far one\n";
  }
} catch (const std::exception& error) {
  std::cerr << "two_inputs: " << error.what() << "\n";
  return 1;
}
