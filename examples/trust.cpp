// Can this explanation be believed? Does the map change with the class and with the weights, do its pixels matter?
//
// usage: trust NETWORK.pt PICTURE CLASS
#include <whycam/whycam.h>

#include <iostream>

int main(int argc, char** argv) try {
  if (argc != 4) {
    std::cerr << "usage: trust NETWORK.pt PICTURE CLASS\n";
    return 2;
  }
  const whycam::picture::Preprocessing preprocessing;
  const auto picture = whycam::picture::read_image(argv[2], preprocessing.channels());
  const torch::Tensor image = to_tensor(to_network_input(picture, preprocessing));
  const whycam::Model model = whycam::Model::load(argv[1]);

  whycam::TrustOptions options;
  options.randomisation_steps = 2;
  options.pixel_steps = 8;
  const auto report =
      whycam::check_trust(model, model.default_layer({image}), image, /*target=*/std::stoll(argv[3]), options);

  const auto grad_cam = whycam::Method::grad_cam;
  for (const auto& other : report.classes)
    std::cout << "beside class " << other.other_class << ": rank correlation "
              << other.similarity.at(grad_cam).rank_correlation << "\n";
  for (const auto& step : report.randomisation)
    std::cout << "with other weights from " << step.modules.back()
              << " on: " << step.similarity.at(grad_cam).rank_correlation << "\n";
  std::cout << "area while pixels are put in: " << report.insertion.methods.at(grad_cam).area << ", in a random order "
            << report.insertion.random.area << "\n";
} catch (const std::exception& error) {
  std::cerr << "trust: " << error.what() << "\n";
  return 1;
}
