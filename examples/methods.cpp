// Every attribution method for one class, from one forward pass: which places speak for it most?
//
// usage: methods NETWORK PICTURE CLASS
#include <whycam/whycam.h>

#include <algorithm>
#include <cmath>
#include <iostream>

// The place of the largest magnitude in a map 1 x C x H x W.
std::string strongest(const whycam::Tensor& map) {
  const auto at = std::max_element(map.values.begin(), map.values.end(),
                                   [](float one, float other) { return std::abs(one) < std::abs(other); });
  const auto place = (at - map.values.begin()) % (map.shape[2] * map.shape[3]);
  return "row " + std::to_string(place / map.shape[3]) + ", column " + std::to_string(place % map.shape[3]);
}

int main(int argc, char** argv) try {
  if (argc != 4) {
    std::cerr << "usage: methods NETWORK PICTURE CLASS\n";
    return 2;
  }
  const whycam::picture::Preprocessing preprocessing;  // ImageNet's
  const auto picture = whycam::picture::read_image(argv[2], preprocessing.channels());
  const whycam::Tensor image = to_network_input(picture, preprocessing);

  const auto network = whycam::Network::load(argv[1]);
  whycam::Options options;
  options.methods = whycam::all_methods();  // or a few: {whycam::Method::grad_cam, whycam::method_named("saliency")}
  options.cam = whycam::Method::layer_cam;  // the heat map that guided_grad_cam is a product of
  options.interpolation = whycam::Interpolation::bilinear;
  options.integration_steps = 20;

  const std::string layer = network.default_layer({image.shape});
  const auto explanation = network.explain(image, layer, {std::stoi(argv[3])}, options);
  for (const whycam::Method method : options.methods)
    std::cout << title(method) << (is_heat_map(method) ? " (heat map): " : ": ")
              << strongest(explanation.targets[0].attributions(method)[0]) << "\n";
  std::cout << "at layer " << layer << ", ReLUs guided: " << explanation.activations.relus_guided << "\n";
} catch (const std::exception& error) {
  std::cerr << "methods: " << error.what() << "\n";
  return 1;
}
