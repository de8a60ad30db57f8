// One's own network in C++: its forward() stays as it is, and a layer is given by reference.
//
// The network is the one of shapes/shapes.pt, written in C++, with that file's weights.
//
// usage: explain_module shapes/shapes.pt shapes/two_shapes.png CLASS OUTPUT.png
#include <torch/script.h>
#include <torch/torch.h>
#include <whycam/whycam.h>

#include <iostream>
#include <map>
#include <string>

namespace nn = torch::nn;

nn::Conv2d convolution(int from, int to, int size, int stride) {
  return nn::Conv2d(nn::Conv2dOptions(from, to, size).stride(stride).padding(size / 2).bias(false));
}

struct ResidualBlockImpl : nn::Module {
  ResidualBlockImpl(int from, int to, int stride)
      : convolution1(register_module("convolution1", convolution(from, to, 3, stride))),
        normalization1(register_module("normalization1", nn::BatchNorm2d(to))),
        convolution2(register_module("convolution2", convolution(to, to, 3, 1))),
        normalization2(register_module("normalization2", nn::BatchNorm2d(to))) {
    if (from == to && stride == 1) return;
    shortcut = register_module("shortcut", nn::Sequential(convolution(from, to, 1, stride), nn::BatchNorm2d(to)));
  }

  torch::Tensor forward(const torch::Tensor& x) {
    torch::Tensor change = torch::relu(normalization1(convolution1(x)));
    change = normalization2(convolution2(change));
    return torch::relu(change + (shortcut ? shortcut->forward(x) : x));
  }

  nn::Conv2d convolution1;
  nn::BatchNorm2d normalization1;
  nn::Conv2d convolution2;
  nn::BatchNorm2d normalization2;
  nn::Sequential shortcut{nullptr};
};
TORCH_MODULE(ResidualBlock);

struct ShapeNetworkImpl : nn::Module {
  torch::Tensor forward(torch::Tensor x) {
    x = torch::max_pool2d(torch::relu(stem->forward(x)), 3, 2, 1);
    x = stage4(stage3(stage2(stage1(x))));
    x = tap(x);  // marks what leaves stage4: an identity that whycam can see
    return classifier(x.mean({2, 3}));
  }

  nn::Sequential stem{register_module("stem", nn::Sequential(convolution(3, 16, 5, 2), nn::BatchNorm2d(16)))};
  ResidualBlock stage1{register_module("stage1", ResidualBlock(16, 24, 1))};
  ResidualBlock stage2{register_module("stage2", ResidualBlock(24, 40, 2))};
  ResidualBlock stage3{register_module("stage3", ResidualBlock(40, 56, 2))};
  ResidualBlock stage4{register_module("stage4", ResidualBlock(56, 56, 1))};
  whycam::Tap tap{register_module("tap", whycam::Tap())};
  nn::Linear classifier{register_module("classifier", nn::Linear(nn::LinearOptions(56, 6).bias(false)))};
};
TORCH_MODULE(ShapeNetwork);

// Every parameter and buffer of the C++ network gets the value that has its name in the file.
void load_weights(nn::Module& network, const std::string& path) {
  const torch::jit::Module file = torch::jit::load(path);
  std::map<std::string, torch::Tensor> values;
  for (const auto& parameter : file.named_parameters()) values[parameter.name] = parameter.value;
  for (const auto& buffer : file.named_buffers()) values[buffer.name] = buffer.value;

  const torch::NoGradGuard no_gradients;
  for (auto& parameter : network.named_parameters()) parameter.value().copy_(values.at(parameter.key()));
  for (auto& buffer : network.named_buffers()) buffer.value().copy_(values.at(buffer.key()));
}

int main(int argc, char** argv) try {
  if (argc != 5) {
    std::cerr << "usage: explain_module shapes/shapes.pt shapes/two_shapes.png CLASS OUTPUT.png\n";
    return 2;
  }
  ShapeNetwork network;
  load_weights(*network, argv[1]);
  network->eval();  // a C++ network is explained in the mode that it is in

  const whycam::picture::Preprocessing preprocessing;
  const auto picture = whycam::picture::read_image(argv[2], preprocessing.channels());
  const torch::Tensor input = to_tensor(to_network_input(picture, preprocessing));

  // The layer by reference. libtorch's own layers with weights need no Tap, so that
  // network->stage4->convolution2 would do as well.
  const whycam::GuidedGradCam explainer(network, network->tap);
  const torch::Tensor attribution = explainer.attribute(input, /*target=*/std::stoll(argv[3]));
  whycam::picture::write_image(argv[4], signed_map(whycam::picture::to_array(attribution[0])));
  std::cout << "score " << network->forward(input)[0][std::stoll(argv[3])].item<float>() << ": " << argv[4] << "\n";
} catch (const std::exception& error) {
  std::cerr << "explain_module: " << error.what() << "\n";
  return 1;
}
