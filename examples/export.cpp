// The explanation inside of the network: an ONNX file that gives the maps beside the scores, wherever ONNX runs.
//
// usage: export NETWORK.pt OUTPUT.onnx
#include <whycam/whycam.h>

#include <iostream>

int main(int argc, char** argv) try {
  if (argc != 3) {
    std::cerr << "usage: export NETWORK.pt OUTPUT.onnx\n";
    return 2;
  }
  const whycam::Model model = whycam::Model::load(argv[1]);
  const std::vector<torch::Tensor> inputs{torch::zeros({1, 3, 224, 224})};  // their shapes count
  const std::string layer = model.default_layer(inputs);
  export_explanation(model, inputs, layer, argv[2],
                     whycam::AttributeOptions()
                         .methods({whycam::Method::grad_cam, whycam::Method::guided_grad_cam})
                         .interpolate_mode(whycam::Interpolation::bilinear));

  // It is a network like others: here it is read again.
  const auto explained = whycam::Network::load(argv[2]);
  for (const auto& input : explained.inputs()) std::cout << "takes " << input.name << "\n";
  for (const auto& output : explained.outputs()) std::cout << "gives " << output.name << "\n";
} catch (const std::exception& error) {
  std::cerr << "export: " << error.what() << "\n";
  return 1;
}
