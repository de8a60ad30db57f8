// Several pictures at once, each for a class of its own, at two layers from one forward pass, and both layers as one
// map.
//
// usage: batch_and_layers NETWORK LAYER LAYER PICTURE CLASS [PICTURE CLASS]...
#include <whycam/whycam.h>

#include <algorithm>
#include <iostream>

int main(int argc, char** argv) try {
  if (argc < 6 || argc % 2 != 0) {
    std::cerr << "usage: batch_and_layers NETWORK LAYER LAYER PICTURE CLASS [PICTURE CLASS]...\n";
    return 2;
  }
  const whycam::picture::Preprocessing preprocessing;
  whycam::Tensor batch{{0, 3, preprocessing.height, preprocessing.width}, {}};
  std::vector<std::int64_t> classes;
  for (int i = 4; i < argc; i += 2) {
    const auto picture = whycam::picture::read_image(argv[i], preprocessing.channels());
    const whycam::Tensor image = to_network_input(picture, preprocessing);  // one example
    batch.values.insert(batch.values.end(), image.values.begin(), image.values.end());
    ++batch.shape[0];
    classes.push_back(std::stoi(argv[i + 1]));
  }

  const auto network = whycam::Network::load(argv[1]);
  whycam::Options options;
  options.methods = {whycam::Method::grad_cam};
  options.interpolation = whycam::Interpolation::bilinear;
  options.merge = whycam::Merge::mean;
  const std::vector<std::string> layers{argv[2], argv[3]};
  const auto explanation = network.explain({batch}, layers, {whycam::Target::per_example(classes)}, options);

  const auto& target = explanation.targets[0];
  for (std::size_t layer = 0; layer < layers.size(); ++layer) {
    const auto& at_layer = target.layers[layer].heat_maps.at(whycam::Method::grad_cam)[0];  // N x 1 x h x w
    std::cout << layers[layer] << ": " << at_layer.shape[0] << " maps of " << at_layer.shape[2] << " x "
              << at_layer.shape[3] << "\n";
  }
  const whycam::Tensor& merged = target.merged_attributions(whycam::Method::grad_cam)[0];  // N x 1 x 224 x 224
  const std::size_t pixels = merged.values.size() / classes.size();
  for (std::size_t example = 0; example < classes.size(); ++example) {
    const auto first = merged.values.begin() + static_cast<std::ptrdiff_t>(example * pixels);
    const std::size_t place = std::max_element(first, first + static_cast<std::ptrdiff_t>(pixels)) - first;
    std::cout << argv[4 + 2 * example] << ": score " << target.scores[example] << ", merged map strongest at row "
              << place / merged.shape[3] << ", column " << place % merged.shape[3] << "\n";
  }
} catch (const std::exception& error) {
  std::cerr << "batch_and_layers: " << error.what() << "\n";
  return 1;
}
