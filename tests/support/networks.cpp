#include "support/networks.h"

#include <torch/nn.h>

#include <functional>
#include <map>

namespace whycam::test {
namespace {

namespace nn = torch::nn;

void copy_weights(nn::Module& network, const torch::jit::Module& weights) {
  const torch::NoGradGuard no_gradients;
  std::map<std::string, torch::Tensor> stored;
  for (const auto& parameter : weights.named_parameters()) stored[parameter.name] = parameter.value;
  for (const auto& buffer : weights.named_buffers()) stored[buffer.name] = buffer.value;
  for (auto& parameter : network.named_parameters()) parameter.value().set_data(stored.at(parameter.key()).clone());
  for (auto& buffer : network.named_buffers()) buffer.value().set_data(stored.at(buffer.key()).clone());
  network.eval();
}

/// How plain2d writes its ReLUs.
enum class ReluStyle { module, inplace, functional, functional_, method, reused };

struct Plain2dImpl : nn::Cloneable<Plain2dImpl> {
  explicit Plain2dImpl(ReluStyle style) : style(style) { reset(); }
  void reset() override {
    conv1 = register_module("conv1", nn::Conv2d(nn::Conv2dOptions(3, 8, 3).padding(1)));
    bn1 = register_module("bn1", nn::BatchNorm2d(8));
    relu1 = register_module("relu1", nn::ReLU(nn::ReLUOptions(style == ReluStyle::inplace)));
    pool = register_module("pool", Tap());
    conv2 = register_module("conv2", nn::Conv2d(nn::Conv2dOptions(8, 12, 3).stride(2).padding(1)));
    bn2 = register_module("bn2", nn::BatchNorm2d(12));
    before_relu2 = register_module("before_relu2", Tap());
    relu2 = register_module("relu2", Tap());
    fc = register_module("fc", nn::Linear(48, 5));
  }
  torch::Tensor relu(torch::Tensor x) {
    switch (style) {
      case ReluStyle::functional:
        return torch::relu(x);
      case ReluStyle::functional_:
        return torch::relu_(x);
      case ReluStyle::method:
        return x.relu();
      default:
        return relu1(x);
    }
  }
  torch::Tensor forward(torch::Tensor x) {
    x = relu(bn1(conv1(x)));
    x = pool(torch::max_pool2d(x, 2));
    x = bn2(conv2(x));
    x = relu2(relu(before_relu2(x)));
    return fc(torch::adaptive_avg_pool2d(x, {2, 2}).flatten(1));
  }
  ReluStyle style;
  nn::Conv2d conv1{nullptr}, conv2{nullptr};
  nn::BatchNorm2d bn1{nullptr}, bn2{nullptr};
  nn::ReLU relu1{nullptr};
  Tap pool{nullptr}, before_relu2{nullptr}, relu2{nullptr};
  nn::Linear fc{nullptr};
};

struct BlockImpl : nn::Module {
  BlockImpl(int in, int out, int stride) {
    conv1 = register_module("conv1", nn::Conv2d(nn::Conv2dOptions(in, out, 3).stride(stride).padding(1).bias(false)));
    bn1 = register_module("bn1", nn::BatchNorm2d(out));
    conv2 = register_module("conv2", nn::Conv2d(nn::Conv2dOptions(out, out, 3).padding(1).bias(false)));
    bn2 = register_module("bn2", nn::BatchNorm2d(out));
    if (in != out)
      down = register_module(
          "down",
          nn::Sequential(nn::Conv2d(nn::Conv2dOptions(in, out, 1).stride(stride).bias(false)), nn::BatchNorm2d(out)));
  }
  torch::Tensor forward(torch::Tensor x) {
    torch::Tensor y = bn2(conv2(bn1(conv1(x)).relu_()));
    return (y + (down.is_empty() ? x : down->forward(x))).relu_();
  }
  nn::Conv2d conv1{nullptr}, conv2{nullptr};
  nn::BatchNorm2d bn1{nullptr}, bn2{nullptr};
  nn::Sequential down{nullptr};
};
TORCH_MODULE(Block);

struct TinyResnetImpl : nn::Module {
  TinyResnetImpl() {
    convolution = nn::Sequential(nn::Conv2d(nn::Conv2dOptions(3, 8, 5).stride(2).padding(2)), nn::BatchNorm2d(8));
    register_module("stem", convolution);
    stage1 = register_module("stage1", nn::Sequential(Block(8, 8, 1), Block(8, 8, 1)));
    stage2 = register_module("stage2", nn::Sequential(Block(8, 16, 2), Block(16, 16, 1)));
    after_stem = register_module("after_stem", Tap());
    after_stage2 = register_module("after_stage2", Tap());
    fc = register_module("fc", nn::Linear(16, 7));
  }
  torch::Tensor forward(torch::Tensor x) {
    x = after_stem(torch::max_pool2d(convolution->forward(x).relu_(), 3, 2, 1));
    x = after_stage2(stage2->forward(stage1->forward(x)));
    return fc(x.mean({2, 3}));
  }
  nn::Sequential convolution{nullptr}, stage1{nullptr}, stage2{nullptr};
  Tap after_stem{nullptr}, after_stage2{nullptr};
  nn::Linear fc{nullptr};
};

struct Net1dImpl : nn::Module {
  torch::Tensor forward(torch::Tensor x) {
    x = torch::avg_pool1d(torch::relu(conv1(x)), 2);
    return fc(torch::relu(conv2(x)).mean(2));
  }
  nn::Conv1d conv1{register_module("conv1", nn::Conv1d(nn::Conv1dOptions(4, 6, 5).padding(2)))};
  nn::Conv1d conv2{register_module("conv2", nn::Conv1d(6, 8, 3))};
  nn::Linear fc{register_module("fc", nn::Linear(8, 3))};
};

struct Net3dImpl : nn::Module {
  torch::Tensor forward(torch::Tensor x) {
    x = torch::max_pool3d(conv1(x).relu_(), 2);
    x = relu2(bn(conv2(x)).relu_());
    return fc(x.mean({2, 3, 4}));
  }
  nn::Conv3d conv1{register_module("conv1", nn::Conv3d(nn::Conv3dOptions(1, 4, 3).padding(1)))};
  nn::Conv3d conv2{register_module("conv2", nn::Conv3d(nn::Conv3dOptions(4, 6, 3).padding(1)))};
  nn::BatchNorm3d bn{register_module("bn", nn::BatchNorm3d(6))};
  Tap relu2{register_module("relu2", Tap())};
  nn::Linear fc{register_module("fc", nn::Linear(6, 4))};
};

struct TwoImagesImpl : nn::Module {
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& y, torch::Tensor v) {
    const torch::Tensor z = torch::relu(mix(torch::relu(a(x) + b(y))));
    return fc(torch::cat({z.mean({2, 3}), v}, 1));
  }
  nn::Conv2d a{register_module("a", nn::Conv2d(nn::Conv2dOptions(1, 4, 3).stride(2).padding(1)))};
  nn::Conv2d b{register_module("b", nn::Conv2d(nn::Conv2dOptions(1, 4, 3).padding(1)))};
  nn::Conv2d mix{register_module("mix", nn::Conv2d(nn::Conv2dOptions(4, 6, 3).padding(1)))};
  nn::Linear fc{register_module("fc", nn::Linear(9, 4))};
};

struct WithArgsImpl : nn::Module {
  torch::Tensor forward(torch::Tensor x, double scale, const torch::Tensor& mask, bool square,
                        c10::optional<std::int64_t> shift) {
    torch::Tensor y = torch::relu(conv(x) * scale) * mask;
    if (square) y = y * y;
    if (shift) y = y + static_cast<double>(*shift) * 0.1;
    return fc(y.mean({2, 3}));
  }
  nn::Conv2d conv{register_module("conv", nn::Conv2d(nn::Conv2dOptions(2, 5, 3).padding(1)))};
  nn::Linear fc{register_module("fc", nn::Linear(5, 6))};
};

struct ScalarImpl : nn::Module {
  explicit ScalarImpl(bool keep) : keep(keep) {}
  torch::Tensor forward(torch::Tensor x) {
    const torch::Tensor y = fc(torch::relu(conv(x)).mean({2, 3}));
    return keep ? y : y.squeeze(1);
  }
  bool keep;
  nn::Conv2d conv{register_module("conv", nn::Conv2d(1, 3, 3))};
  nn::Linear fc{register_module("fc", nn::Linear(3, 1))};
};

struct Relu6Impl : nn::Module {
  torch::Tensor forward(torch::Tensor x) { return fc(pw->forward(dw->forward(stem->forward(x))).mean({2, 3})); }
  nn::Sequential stem{
      register_module("stem", nn::Sequential(nn::Conv2d(nn::Conv2dOptions(3, 8, 3).stride(2).padding(1).bias(false)),
                                             nn::BatchNorm2d(8), nn::ReLU6()))};
  nn::Sequential dw{
      register_module("dw", nn::Sequential(nn::Conv2d(nn::Conv2dOptions(8, 8, 3).padding(1).groups(8).bias(false)),
                                           nn::BatchNorm2d(8), nn::ReLU6(nn::ReLU6Options(true))))};
  nn::Sequential pw{register_module(
      "pw", nn::Sequential(nn::Conv2d(nn::Conv2dOptions(8, 16, 1).bias(false)), nn::BatchNorm2d(16), nn::ReLU()))};
  nn::Linear fc{register_module("fc", nn::Linear(16, 5))};
};

struct RecurrentImpl : nn::Module {
  torch::Tensor forward(torch::Tensor x) {
    torch::Tensor h = torch::relu(inp(x));
    for (int i = 0; i < 3; ++i) h = torch::relu(relu(rec(h))) + h;
    return fc(h.mean({2, 3}));
  }
  nn::Conv2d inp{register_module("inp", nn::Conv2d(nn::Conv2dOptions(2, 6, 3).padding(1)))};
  nn::Conv2d rec{register_module("rec", nn::Conv2d(nn::Conv2dOptions(6, 6, 3).padding(1)))};
  Tap relu{register_module("relu", Tap())};  // what enters the ReLU
  nn::Linear fc{register_module("fc", nn::Linear(6, 3))};
};

struct PreactivationImpl : nn::Module {
  torch::Tensor forward(torch::Tensor x) {
    x = c0(x);
    x = c1(torch::relu(x)) + x;
    const torch::Tensor y = torch::relu(c2(torch::relu(x)));
    return fc((y * 0.5 + torch::constant_pad_nd(x, {0, 0, 0, 0, 1, 1})).mean({2, 3}));
  }
  nn::Conv2d c0{register_module("c0", nn::Conv2d(nn::Conv2dOptions(3, 6, 3).padding(1)))};
  nn::Conv2d c1{register_module("c1", nn::Conv2d(nn::Conv2dOptions(6, 6, 3).padding(1)))};
  nn::Conv2d c2{register_module("c2", nn::Conv2d(nn::Conv2dOptions(6, 8, 3).padding(1)))};
  nn::Linear fc{register_module("fc", nn::Linear(8, 4))};
};

struct DenseImpl : nn::Module {
  torch::Tensor forward(const torch::Tensor& x) { return head(torch::relu(up(after_enc(enc->forward(x))))); }
  nn::Sequential enc{
      register_module("enc", nn::Sequential(nn::Conv2d(nn::Conv2dOptions(3, 6, 3).stride(2).padding(1)), nn::ReLU(),
                                            nn::Conv2d(nn::Conv2dOptions(6, 8, 3).stride(2).padding(1)), nn::ReLU()))};
  Tap after_enc{register_module("after_enc", Tap())};
  nn::ConvTranspose2d up{register_module("up", nn::ConvTranspose2d(nn::ConvTranspose2dOptions(8, 6, 4).stride(4)))};
  nn::Conv2d head{register_module("head", nn::Conv2d(6, 3, 1))};
};

template <class Net, class... Arguments>
std::function<Model(const torch::jit::Module&)> with_weights(Arguments... arguments) {
  return [=](const torch::jit::Module& weights) {
    const auto network = std::make_shared<Net>(arguments...);
    copy_weights(*network, weights);
    return Model(network);
  };
}

const std::map<std::string, std::function<Model(const torch::jit::Module&)>>& networks() {
  static const std::map<std::string, std::function<Model(const torch::jit::Module&)>> all{
      {"plain2d_module", with_weights<Plain2dImpl>(ReluStyle::module)},
      {"plain2d_inplace", with_weights<Plain2dImpl>(ReluStyle::inplace)},
      {"plain2d_functional", with_weights<Plain2dImpl>(ReluStyle::functional)},
      {"plain2d_functional_", with_weights<Plain2dImpl>(ReluStyle::functional_)},
      {"plain2d_method", with_weights<Plain2dImpl>(ReluStyle::method)},
      {"plain2d_reused", with_weights<Plain2dImpl>(ReluStyle::reused)},
      {"plain2d_double", with_weights<Plain2dImpl>(ReluStyle::module)},
      {"tiny_resnet", with_weights<TinyResnetImpl>()},
      {"net1d", with_weights<Net1dImpl>()},
      {"net3d", with_weights<Net3dImpl>()},
      {"two_images", with_weights<TwoImagesImpl>()},
      {"with_args", with_weights<WithArgsImpl>()},
      {"scalar_0", with_weights<ScalarImpl>(false)},
      {"scalar_1", with_weights<ScalarImpl>(true)},
      {"relu6", with_weights<Relu6Impl>()},
      {"recurrent", with_weights<RecurrentImpl>()},
      {"preactivation", with_weights<PreactivationImpl>()},
      {"dense", with_weights<DenseImpl>()},
  };
  return all;
}

}  // namespace

bool has_cpp_network(const std::string& name) { return networks().count(name) > 0; }

Model cpp_network(const std::string& name, const torch::jit::Module& weights) { return networks().at(name)(weights); }

}  // namespace whycam::test
