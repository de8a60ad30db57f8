// whycam/torch.h costs little more than torch/types.h to compile: it does without libtorch's modules, and takes those
// that are included behind it.
#include <whycam/torch.h>

#ifdef TORCH_MODULE
#error "whycam/torch.h includes torch/nn, which takes a quarter longer to compile"
#endif

#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/linear.h>

namespace {

struct Net : torch::nn::Module {
  torch::Tensor forward(const torch::Tensor& x) { return x; }
};

}  // namespace

std::vector<whycam::Model> models_of_modules() {
  const auto own = [](Net& net, const torch::Tensor& x) { return net.forward(x); };
  const auto net = std::make_shared<Net>();
  return {net, torch::nn::Sequential(torch::nn::Linear(2, 2)), whycam::Model::of(own, net)};
}
