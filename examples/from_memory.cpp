// A network that is no file: built into the program, decrypted, or come over a network. And what it declares.
//
// usage: from_memory NETWORK
#include <whycam/whycam.h>

#include <fstream>
#include <iostream>
#include <iterator>

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::cerr << "usage: from_memory NETWORK\n";
    return 2;
  }
  std::ifstream file(argv[1], std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  // The name is what messages call it. A std::istream does in place of the bytes.
  const auto network = whycam::Network::load(std::move(bytes), "the shapes network");

  std::vector<whycam::Shape> shapes;
  for (const whycam::Port& input : network.inputs()) {
    std::cout << "input " << input.name << ":";
    for (const std::int64_t extent : input.shape) std::cout << " " << extent;  // -1 where it is open
    std::cout << "\n";
    shapes.push_back(input.shape);
    for (std::int64_t& extent : shapes.back())
      if (extent < 0) extent = 1;
  }
  for (const whycam::LayerInfo& layer : network.layers(shapes))
    if (layer.fit_for_grad_cam && layer.path.find('.') == std::string::npos)
      std::cout << "layer " << layer.path << ": " << layer.type << ", " << layer.layout
                << (layer.is_default ? ", the default" : "") << "\n";
} catch (const std::exception& error) {
  std::cerr << "from_memory: " << error.what() << "\n";
  return 1;
}
