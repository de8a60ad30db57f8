// One explanation drawn in many ways: colours of one's own, an opacity for each pixel, signed maps, a sheet of all.
//
// usage: drawing NETWORK PICTURE CLASS OUTPUT.svg
#include <whycam/whycam.h>

#include <algorithm>
#include <iostream>

namespace picture = whycam::picture;

int main(int argc, char** argv) try {
  if (argc != 5) {
    std::cerr << "usage: drawing NETWORK PICTURE CLASS OUTPUT.svg\n";
    return 2;
  }
  const auto seen = see(picture::read_photo(argv[2], 3), picture::Preprocessing());
  const auto network = whycam::Network::load(argv[1]);
  whycam::Options options;
  options.interpolation = whycam::Interpolation::bilinear;
  const std::string layer = network.default_layer({seen.input.shape});
  const auto explanation = network.explain(seen.input, layer, {std::stoi(argv[3])}, options);

  whycam::Tensor heat = explanation.targets[0].attributions(whycam::Method::grad_cam)[0];
  heat.shape = {heat.shape[2], heat.shape[3]};
  whycam::Tensor gradients = explanation.targets[0].attributions(whycam::Method::guided_grad_cam)[0];
  gradients.shape.erase(gradients.shape.begin());  // 3 x H x W

  // From black to green: any 256 colours.
  picture::ColourTable greens{};
  for (std::size_t i = 0; i < greens.size(); ++i) greens[i] = {0, static_cast<std::uint8_t>(i), 0};

  // Opaque where the map is strong, so that the rest of the picture stays as it is.
  picture::Array opacity = heat;
  const float most = *std::max_element(heat.values.begin(), heat.values.end());
  for (float& value : opacity.values) value = most > 0 ? value / most : 0;

  picture::SignedMapOptions positive;
  positive.sign = picture::Sign::positive;
  positive.percentile = 99;
  const picture::ContactRow row{
      "class " + std::string(argv[3]) + " at " + layer,
      {seen.picture, overlay(seen.picture, heat, picture::ColourMap::jet, 0.5),
       overlay(seen.picture, heat, greens, 0.7),
       overlay(seen.picture, heat, picture::colour_table(picture::ColourMap::inferno), opacity), signed_map(gradients),
       signed_map(gradients, positive), picture::diverging_map(gradients)}};
  const picture::Svg sheet = picture::contact_sheet(
      {"picture", "jet", "own colours", "own opacity", "signed", "what speaks for it", "diverging"}, {row});
  picture::write_image(argv[4], sheet);  // .png and .jpg for pictures, .svg for drawings
  std::cout << row.pictures.size() << " pictures in " << argv[4] << "\n";
} catch (const std::exception& error) {
  std::cerr << "drawing: " << error.what() << "\n";
  return 1;
}
