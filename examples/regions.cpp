// A segmenter: which pixels made it see this class, over all places where the class wins, or in a corner?
//
// The network has several outputs; the one explained is named.
//
// usage: regions shapes/dense.pt2 PICTURE CLASS OUTPUT.png
#include <whycam/whycam.h>

#include <iostream>

int main(int argc, char** argv) try {
  if (argc != 5) {
    std::cerr << "usage: regions shapes/dense.pt2 PICTURE CLASS OUTPUT.png\n";
    return 2;
  }
  const whycam::picture::Preprocessing preprocessing;
  const auto seen = see(whycam::picture::read_photo(argv[2], preprocessing.channels()), preprocessing);

  const auto network = whycam::Network::load(argv[1]);
  for (const whycam::Port& output : network.outputs()) std::cout << "output " << output.name << "\n";
  whycam::Options options;
  options.output_element = {"places"};  // N x classes x 14 x 14
  options.interpolation = whycam::Interpolation::bilinear;

  // A mask over the output's places; any number but 0 counts.
  whycam::Tensor upper_left{{14, 14}, std::vector<float>(14 * 14, 0)};
  for (std::size_t row = 0; row < 7; ++row)
    for (std::size_t column = 0; column < 7; ++column) upper_left.values[row * 14 + column] = 1;

  const whycam::Target one_class(std::stoi(argv[3]));
  const std::string layer = network.default_layer({seen.input.shape}, options.output_element);
  const auto explanation =
      network.explain(seen.input, layer,
                      {one_class.over(whycam::Region::all()), one_class.over(whycam::Region::predicted()),
                       one_class.over(whycam::Region::mask(upper_left))},
                      options);
  for (const auto& target : explanation.targets)
    std::cout << target.target.to_string() << ": " << target.scores[0] << "\n";

  whycam::Tensor map = explanation.targets[1].attributions(whycam::Method::grad_cam)[0];  // 1 x 1 x 224 x 224
  map.shape = {map.shape[2], map.shape[3]};
  whycam::picture::write_image(argv[4], overlay(seen.picture, map, whycam::picture::ColourMap::turbo, /*alpha=*/0.5));
} catch (const std::exception& error) {
  std::cerr << "regions: " << error.what() << "\n";
  return 1;
}
