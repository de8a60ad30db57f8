// A service: one network, several workers, answers that do not depend on who gives them.
//
// usage: service NETWORK PICTURE [PICTURE]...
#include <whycam/whycam.h>

#include <atomic>
#include <iostream>
#include <thread>

int main(int argc, char** argv) try {
  if (argc < 3) {
    std::cerr << "usage: service NETWORK PICTURE [PICTURE]...\n";
    return 2;
  }
  const whycam::picture::Preprocessing preprocessing;
  const std::vector<std::string> pictures(argv + 2, argv + argc);
  const std::size_t workers = 4;

  const auto network = whycam::Network::load(argv[1]);
  const whycam::Shape shape{1, 3, preprocessing.height, preprocessing.width};
  const std::string layer = network.default_layer({shape});
  whycam::limit_plan_memory(std::uint64_t{256} << 20);  // what is kept of compiled plans, in bytes

  // Each explanation computes on one thread: the workers have the other cores.
  whycam::Options options;
  options.threads = 1;
  network.prepare({shape}, {layer}, options);  // so that the first request does not wait for the compiler

  std::vector<std::string> answers(pictures.size());
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i; (i = next++) < pictures.size();) {
      try {
        const auto picture = whycam::picture::read_image(pictures[i], preprocessing.channels());
        const whycam::Tensor image = to_network_input(picture, preprocessing);
        const auto explanation = network.explain(image, layer, {3}, options);  // the network is shared, without a lock
        answers[i] = "score " + std::to_string(explanation.targets[0].scores[0]);
      } catch (const whycam::Error& error) {
        answers[i] = error.what();  // one bad request ends nothing else
      }
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < workers; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < pictures.size(); ++i) std::cout << pictures[i] << ": " << answers[i] << "\n";
} catch (const std::exception& error) {
  std::cerr << "service: " << error.what() << "\n";
  return 1;
}
