// Explains one input again and again, once for each line on the standard input, and prints the seconds of each: the
// whycam side of captum_race.py, which takes turns with it.
#include <ATen/Parallel.h>
#include <torch/cuda.h>
#include <whycam/whycam.h>

#include <chrono>
#include <iostream>
#include <string>

int main(int argc, char** argv) {
  if (argc != 8) {
    std::cerr << "usage: explain_worker NETWORK INPUT.npy LAYER TARGET THREADS DEVICE ANSWER.npy\n";
    return 2;
  }
  const int target = std::stoi(argv[4]);
  at::set_num_threads(std::stoi(argv[5]));
  const torch::Device device(argv[6]);
  const auto array = whycam::picture::to_array(whycam::picture::read_npy(argv[2]));
  const torch::Tensor input = whycam::picture::to_tensor(array).to(device);
  const whycam::GuidedGradCam guided_grad_cam(whycam::Model::load(argv[1], device), argv[3]);
  whycam::picture::write_npy(argv[7], whycam::picture::to_array(guided_grad_cam.attribute(input, target)));
  std::cout << "ready" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    const auto start = std::chrono::steady_clock::now();
    guided_grad_cam.attribute(input, target);
    if (device.is_cuda()) torch::cuda::synchronize();
    std::cout << std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() << std::endl;
  }
}
