// A network saw a resized middle of the photograph; the map is brought back to the photograph's own pixels.
//
// usage: on_the_photograph NETWORK PHOTOGRAPH CLASS OUTPUT.png OUTPUT.npy
#include <whycam/whycam.h>

#include <cmath>
#include <iostream>

int main(int argc, char** argv) try {
  if (argc != 6) {
    std::cerr << "usage: on_the_photograph NETWORK PHOTOGRAPH CLASS OUTPUT.png OUTPUT.npy\n";
    return 2;
  }
  whycam::picture::Preprocessing preprocessing;  // torchvision's: the shorter side becomes 256, 224 x 224 are cut out
  preprocessing.height = 256;
  preprocessing.crop_height = preprocessing.crop_width = 224;
  const auto photo = whycam::picture::read_photo(argv[2], preprocessing.channels());  // with the levels of a 16-bit PNG
  const auto seen = see(photo, preprocessing);
  const whycam::picture::Rectangle crop = seen.geometry.crop_in_original();
  std::cout << "the network saw " << crop.width << " x " << crop.height << " pixels from " << crop.left << ", "
            << crop.top << "\n";

  const auto network = whycam::Network::load(argv[1]);
  whycam::Options options;
  options.interpolation = whycam::Interpolation::bilinear;
  const std::string layer = network.default_layer({seen.input.shape});
  const auto explanation = network.explain(seen.input, layer, {std::stoi(argv[3])}, options);

  whycam::Tensor map = explanation.targets[0].attributions(whycam::Method::grad_cam)[0];  // 1 x 1 x 224 x 224
  map.shape = {map.shape[2], map.shape[3]};
  const auto drawn =
      overlay_on_original(photo.image, map, seen.geometry, whycam::picture::ColourMap::turbo, /*alpha=*/0.5);
  whycam::picture::write_image(argv[4], drawn);

  const whycam::Tensor on_photo = seen.geometry.to_original(map);  // NaN where the network saw nothing
  whycam::picture::write_npy(argv[5], on_photo);
  std::size_t unseen = 0;
  for (const float value : on_photo.values) unseen += std::isnan(value);
  std::cout << "map of " << on_photo.shape[0] << " x " << on_photo.shape[1] << ", of which it did not see "
            << 100 * unseen / on_photo.values.size() << " %\n";
} catch (const std::exception& error) {
  std::cerr << "on_the_photograph: " << error.what() << "\n";
  return 1;
}
