#include <whycam/whycam.h>

#include <cstdio>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const torch::Tensor image = torch::rand({1, 3, 64, 64});
  const whycam::GuidedGradCam guided_grad_cam(whycam::Model::load(argv[1]), "stage4");
  const torch::Tensor attribution = guided_grad_cam.attribute(image, 3);
  std::printf("whycam %s\n", whycam::version);
  return attribution.sizes() == image.sizes() ? 0 : 1;
}
