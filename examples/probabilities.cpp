// A network that ends in a softmax gives hardly any gradient where it is sure: what enters the softmax is explained
// instead.
//
// usage: probabilities shapes/dense.pt2 PICTURE CLASS
#include <whycam/whycam.h>

#include <iostream>

int main(int argc, char** argv) try {
  if (argc != 4) {
    std::cerr << "usage: probabilities shapes/dense.pt2 PICTURE CLASS\n";
    return 2;
  }
  const whycam::picture::Preprocessing preprocessing;
  const auto picture = whycam::picture::read_image(argv[2], preprocessing.channels());
  const whycam::Tensor image = to_network_input(picture, preprocessing);

  const auto network = whycam::Network::load(argv[1]);
  whycam::Options options;
  options.output_element = {"probabilities"};  // of several outputs
  const auto with_scores = network.before_softmax(options.output_element);

  const whycam::Target target = std::stoi(argv[3]);
  const std::string layer = network.default_layer({image.shape}, options.output_element);
  const auto behind = network.explain(image, layer, {target}, options);
  const auto before = with_scores.explain(image, layer, {target}, options);
  std::cout << "class " << argv[3] << ": probability " << behind.targets[0].scores[0] << ", score before the softmax "
            << before.targets[0].scores[0] << "\n";
} catch (const std::exception& error) {
  std::cerr << "probabilities: " << error.what() << "\n";
  return 1;
}
