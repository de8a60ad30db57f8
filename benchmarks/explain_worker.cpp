// Explains one input again and again, once for each line on the standard input, and prints the seconds of each: the
// whycam side of captum_race.py, which takes turns with it.
#include <ATen/Parallel.h>
#include <torch/cuda.h>
#include <whycam/whycam.h>

#include <chrono>
#include <functional>
#include <iostream>
#include <string>

namespace {

using Attribute = std::function<torch::Tensor(const torch::Tensor& input)>;

Attribute attribute_of(const std::string& method, const whycam::Model& model, const std::string& layer, int target) {
  if (method == "guided-grad-cam")
    return [=, explainer = whycam::GuidedGradCam(model, layer)](const torch::Tensor& input) {
      return explainer.attribute(input, target);
    };
  return [=, explainer = whycam::IntegratedGradients(model)](const torch::Tensor& input) {
    return explainer.attribute(input, target, whycam::AttributeOptions().integration(50));
  };
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 9) {
    std::cerr
        << "usage: explain_worker guided-grad-cam|integrated-gradients NETWORK INPUT.npy LAYER TARGET THREADS DEVICE "
           "ANSWER.npy\n";
    return 2;
  }
  at::set_num_threads(std::stoi(argv[6]));
  const torch::Device device(argv[7]);
  const auto array = whycam::picture::to_array(whycam::picture::read_npy(argv[3]));
  const torch::Tensor input = whycam::picture::to_tensor(array).to(device);
  const Attribute attribute = attribute_of(argv[1], whycam::Model::load(argv[2], device), argv[4], std::stoi(argv[5]));
  whycam::picture::write_npy(argv[8], whycam::picture::to_array(attribute(input)));
  std::cout << "ready" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    const auto start = std::chrono::steady_clock::now();
    attribute(input);
    if (device.is_cuda()) torch::cuda::synchronize();
    std::cout << std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() << std::endl;
  }
}
