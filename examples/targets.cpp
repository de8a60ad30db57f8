// What is explained need not be one class: the best ones, one class against another, a likeness, any function.
//
// usage: targets NETWORK PICTURE OTHER_PICTURE
#include <whycam/whycam.h>

#include <algorithm>
#include <iostream>
#include <numeric>

// The three best classes, chosen when the output is known. It is 1 x classes.
std::vector<whycam::Target> best_three(const whycam::Tensor& output) {
  std::vector<std::int64_t> classes(output.values.size());
  std::iota(classes.begin(), classes.end(), 0);
  std::sort(classes.begin(), classes.end(),
            [&](std::int64_t one, std::int64_t other) { return output.values[one] > output.values[other]; });
  return {classes[0], classes[1], classes[2]};
}

// By how much class 3 is ahead of the mean of all classes, and the gradient of that.
whycam::Target::Value lead_of_3(const whycam::Tensor& output) {
  const auto count = static_cast<float>(output.values.size());
  const float mean = std::accumulate(output.values.begin(), output.values.end(), 0.0F) / count;
  whycam::Target::Value value{{output.values[3] - mean}, {output.shape, {}}};
  value.gradient.values.assign(output.values.size(), -1 / count);
  value.gradient.values[3] += 1;
  return value;
}

int main(int argc, char** argv) try {
  if (argc != 4) {
    std::cerr << "usage: targets NETWORK PICTURE OTHER_PICTURE\n";
    return 2;
  }
  const whycam::picture::Preprocessing preprocessing;
  const auto input = [&](const char* path) {
    return to_network_input(whycam::picture::read_image(path, preprocessing.channels()), preprocessing);
  };
  const whycam::Tensor image = input(argv[2]), other = input(argv[3]);
  const auto network = whycam::Network::load(argv[1]);
  const std::string layer = network.default_layer({image.shape});

  for (const auto& best : network.explain({image}, layer, best_three).targets)
    std::cout << "class " << best.target.to_string() << ": " << best.scores[0] << "\n";

  whycam::Tensor embedding = network.explain(other, layer, {0}).output;
  embedding.shape.erase(embedding.shape.begin());  // of one example
  const std::vector<whycam::Target> targets{
      whycam::Target(4).minus(3),             // why a ring and not a star?
      whycam::Target(3).negated(),            // what speaks against a star?
      whycam::Target::similarity(embedding),  // what makes it like the other picture?
      whycam::Target::of(lead_of_3),          // any number that a function makes of the output
  };
  const auto explanation = network.explain(image, layer, targets);
  const char* const names[] = {"4 and not 3", "against 3", "likeness", "lead of 3"};
  for (std::size_t i = 0; i < targets.size(); ++i)
    std::cout << names[i] << ": " << explanation.targets[i].scores[0] << "\n";
} catch (const std::exception& error) {
  std::cerr << "targets: " << error.what() << "\n";
  return 1;
}
