#include <whycam/whycam.h>

#include <cstdio>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const whycam::Tensor input{{1, 3, 64, 64}, std::vector<float>(3 * 64 * 64, 0.5F)};
  const auto network = whycam::plain::Network::load(argv[1]);  // as it was called before
  const auto explanation = network.explain({input}, network.default_layer({input.shape}), {3});
  std::printf("whycam %s\n", whycam::version);
  whycam::Options options;
  options.engine = whycam::Engine::autograd;
  try {
    whycam::Network::load(argv[1]).explain({input}, "stage2", {3}, options);
    return 3;
  } catch (const whycam::InputError&) {
  }
  return explanation.targets[0].guided_grad_cam[0].shape == input.shape ? 0 : 1;
}
