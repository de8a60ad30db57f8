// Why does a TorchScript network see this class in this picture?
//
// usage: explain_picture NETWORK.pt PICTURE CLASS OUTPUT.png
#include <whycam/whycam.h>

#include <iostream>

int main(int argc, char** argv) try {
  if (argc != 5) {
    std::cerr << "usage: explain_picture NETWORK.pt PICTURE CLASS OUTPUT.png\n";
    return 2;
  }
  // The picture as the network was trained to take it: resized, and normalised with a mean and deviation. The
  // defaults are ImageNet's; a network that was trained otherwise needs its own.
  const whycam::picture::Preprocessing preprocessing;
  const auto picture = whycam::picture::read_image(argv[2], preprocessing.channels());
  const torch::Tensor input = to_tensor(to_network_input(picture, preprocessing));  // 1 x 3 x 224 x 224

  // Grad-CAM is computed at a layer. The usual one is the last that still has rows and columns.
  const whycam::Model model = whycam::Model::load(argv[1]);
  const std::string layer = model.default_layer({input});
  const whycam::GuidedGradCam explainer(model, layer);

  // The attribution has the input's shape and is signed; the picture shows it around grey.
  const torch::Tensor attribution = explainer.attribute(input, /*target=*/std::stoll(argv[3]));
  whycam::picture::write_image(argv[4], signed_map(whycam::picture::to_array(attribution[0])));
  std::cout << "class " << argv[3] << " at layer " << layer << ": " << argv[4] << "\n";
} catch (const std::exception& error) {
  std::cerr << "explain_picture: " << error.what() << "\n";  // whycam's messages say what to do
  return 1;
}
