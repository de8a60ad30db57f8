// The explanation inside of the network: an ONNX file that gives the maps beside the scores, wherever ONNX runs.
//
// usage: export NETWORK.pt OUTPUT.onnx
#include <whycam/whycam.h>

#include <filesystem>
#include <iostream>

int main(int argc, char** argv) try {
  if (argc != 3) {
    std::cerr << "usage: export NETWORK.pt OUTPUT.onnx\n";
    return 2;
  }
  const whycam::Model model = whycam::Model::load(argv[1]);
  const std::vector<torch::Tensor> inputs{torch::zeros({1, 3, 224, 224})};  // their shapes count
  const std::string layer = model.default_layer(inputs);
  const auto options = whycam::AttributeOptions()
                           .methods({whycam::Method::grad_cam, whycam::Method::guided_grad_cam})
                           .interpolate_mode(whycam::Interpolation::bilinear);
  for (const std::string& warning : export_explanation(model, inputs, layer, argv[2], options))
    std::cout << "warning: " << warning << "\n";

  // Beside the network's inputs it takes `target`; beside its outputs it gives `grad_cam` and `guided_grad_cam`.
  std::cout << argv[2] << ": " << std::filesystem::file_size(argv[2]) << " bytes, explained at " << layer << "\n";
} catch (const std::exception& error) {
  std::cerr << "export: " << error.what() << "\n";
  return 1;
}
