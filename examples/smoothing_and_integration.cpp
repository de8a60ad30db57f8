// Gradients with less noise: means over noisy copies (SmoothGrad), and integrated gradients, which say how exact they
// are.
//
// usage: smoothing_and_integration NETWORK PICTURE CLASS
#include <whycam/whycam.h>

#include <cmath>
#include <iostream>
#include <numeric>

double sum(const whycam::Tensor& tensor) { return std::accumulate(tensor.values.begin(), tensor.values.end(), 0.0); }

int main(int argc, char** argv) try {
  if (argc != 4) {
    std::cerr << "usage: smoothing_and_integration NETWORK PICTURE CLASS\n";
    return 2;
  }
  const whycam::picture::Preprocessing preprocessing;
  const auto picture = whycam::picture::read_image(argv[2], preprocessing.channels());
  const whycam::Tensor image = to_network_input(picture, preprocessing);
  const auto network = whycam::Network::load(argv[1]);
  const std::string no_layer;  // these methods read none

  // The attributions add up to the score less that of the baseline, a picture of the mean colour; what is missing is
  // the completeness error. It shrinks with the number of steps.
  whycam::Options integrated;
  integrated.methods = {whycam::Method::integrated_gradients};
  for (const std::size_t steps : {5, 50}) {
    integrated.integration_steps = steps;
    const auto target = network.explain(image, no_layer, {std::stoi(argv[3])}, integrated).targets[0];
    std::cout << steps << " steps: score " << target.scores[0] << ", sum "
              << sum(target.attributions(whycam::Method::integrated_gradients)[0]) << ", completeness error "
              << target.completeness_error[0] << "\n";
  }

  // The same seed gives the same noise, and so the same map.
  whycam::Options smoothed;
  smoothed.methods = {whycam::Method::saliency};
  smoothed.smooth = 8;
  smoothed.noise = 0.1;  // of the picture's range
  smoothed.seed = 7;
  const auto map = [&] {
    return network.explain(image, no_layer, {std::stoi(argv[3])}, smoothed)
        .targets[0]
        .attributions(whycam::Method::saliency)[0];
  };
  std::cout << "mean of " << smoothed.smooth
            << " noisy copies: " << (map().values == map().values ? "twice the same" : "differs") << "\n";
} catch (const std::exception& error) {
  std::cerr << "smoothing_and_integration: " << error.what() << "\n";
  return 1;
}
