// Pictures of 16 bits: a 16-bit PNG is seen with all its levels, and a heat map is written as one, for other programs.
//
// usage: sixteen_bits NETWORK PICTURE CLASS OUTPUT.png
#include <whycam/whycam.h>

#include <algorithm>
#include <iostream>

int main(int argc, char** argv) try {
  if (argc != 5) {
    std::cerr << "usage: sixteen_bits NETWORK PICTURE CLASS OUTPUT.png\n";
    return 2;
  }
  const whycam::picture::Preprocessing preprocessing;
  const auto photo = whycam::picture::read_photo(argv[2], preprocessing.channels());
  std::cout << (photo.levels.empty() ? "8" : "16") << " bits\n";
  const auto seen = see(photo, preprocessing);  // level / 65535 or level / 255, then normalised

  const auto network = whycam::Network::load(argv[1]);
  whycam::Options options;
  options.interpolation = whycam::Interpolation::bilinear;
  const std::string layer = network.default_layer({seen.input.shape});
  const auto explanation = network.explain(seen.input, layer, {std::stoi(argv[3])}, options);

  whycam::Tensor map = explanation.targets[0].attributions(whycam::Method::grad_cam)[0];  // 1 x 1 x 224 x 224
  map.shape = {map.shape[2], map.shape[3]};
  whycam::picture::write_photo(argv[4], grey_map(map));

  const auto written = whycam::picture::read_photo(argv[4], /*channels=*/1);
  const auto [least, most] = std::minmax_element(written.levels.begin(), written.levels.end());
  std::cout << argv[4] << ": " << written.image.height << " x " << written.image.width << ", levels from " << *least
            << " to " << *most << "\n";
} catch (const std::exception& error) {
  std::cerr << "sixteen_bits: " << error.what() << "\n";
  return 1;
}
