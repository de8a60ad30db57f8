// What can go wrong, and how a program tells: every exception is a whycam::Error of a kind, and its text says what to
// do. What a careful reader should know is no error but a warning.
//
// usage: errors NETWORK
#include <whycam/whycam.h>

#include <functional>
#include <iostream>

// What this does wrong, by the kind of the exception.
std::string kind_of(const std::function<void()>& attempt) try {
  attempt();
  return "no error";
} catch (const whycam::ModelError& error) {
  return std::string("ModelError: ") + error.what();
} catch (const whycam::LayerError& error) {
  return std::string("LayerError: ") + error.what();
} catch (const whycam::TargetError& error) {
  return std::string("TargetError: ") + error.what();
} catch (const whycam::InputError& error) {
  return std::string("InputError: ") + error.what();
} catch (const whycam::Error& error) {  // OutputError, MemoryError
  return std::string("Error: ") + error.what();
}

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::cerr << "usage: errors NETWORK\n";
    return 2;
  }
  // The library prints nothing. Warnings stand in Explanation::warnings, and come here where someone asks for them.
  whycam::set_warning_handler([](const std::string& warning) { std::cout << "warning: " << warning << "\n"; });

  const auto network = whycam::Network::load(argv[1]);
  const whycam::Tensor image{{1, 3, 224, 224}, std::vector<float>(3 * 224 * 224, 0.5F)};
  const whycam::Tensor without_examples{{3, 224, 224}, image.values};
  const std::string layer = network.default_layer({image.shape});

  std::cout << kind_of([&] { whycam::Network::load("no such file.pt2"); }) << "\n"
            << kind_of([&] { network.explain(image, "stage5", {0}); }) << "\n"
            << kind_of([&] { network.explain(image, layer, {1000}); }) << "\n"
            << kind_of([&] { network.explain(without_examples, layer, {0}); }) << "\n"
            << kind_of([&] { whycam::picture::read_image("picture.png", /*channels=*/4); }) << "\n"
            << kind_of([&] { whycam::method_named("grad-cam"); }) << "\n";

  whycam::Options options;
  options.interpolation = whycam::Interpolation::trilinear;  // for volumes: a map of rows and columns is left out
  const auto explanation = network.explain(image, layer, {0}, options);
  std::cout << explanation.warnings.size() << " warnings\n";
} catch (const std::exception& error) {
  std::cerr << "errors: " << error.what() << "\n";
  return 1;
}
