// Explains every picture of a folder for its best class, as Grad-CAM laid over the picture. Frames of a video
// go the same way.
//
// usage: folder_loop NETWORK.pt FOLDER OUTPUT_FOLDER
#include <whycam/whycam.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <limits>
#include <optional>

namespace fs = std::filesystem;
namespace picture = whycam::picture;

std::vector<fs::path> pictures_in(const fs::path& folder) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".png" || entry.path().extension() == ".jpg") paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  return paths;
}

// The target may be chosen when the output is known: here the best class of the one example.
std::vector<whycam::Target> best_class(const torch::Tensor& output) { return {output.argmax(1)}; }

int main(int argc, char** argv) try {
  if (argc != 4) {
    std::cerr << "usage: folder_loop NETWORK.pt FOLDER OUTPUT_FOLDER\n";
    return 2;
  }
#ifdef __GLIBC__
  // Keep freed memory for the next picture. glibc gives large blocks back to the system at once, and fetching
  // them again for every picture takes longer than computing.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
#endif
  const whycam::Model model = whycam::Model::load(argv[1]);
  const picture::Preprocessing preprocessing;
  const auto options =
      whycam::AttributeOptions().methods({whycam::Method::grad_cam}).interpolate_mode(whycam::Interpolation::bilinear);
  fs::create_directories(argv[3]);

  // One explainer for all pictures: a network is compiled once for each input shape, and the plan is kept in
  // the explainer.
  std::optional<whycam::GuidedGradCam> explainer;
  for (const fs::path& path : pictures_in(argv[2])) {
    try {
      const auto seen = resize_for_network(picture::read_image(path, preprocessing.channels()), preprocessing);
      const torch::Tensor input = to_tensor(normalise(seen, preprocessing));
      if (!explainer) explainer.emplace(model, model.default_layer({input}));
      const whycam::Explanation explanation = explainer->explain({input}, best_class, options);

      const whycam::TargetExplanation& best = explanation.targets[0];
      const auto map = picture::to_array(best.layers[0].upsampled[0][0][0]);  // rows x columns
      const fs::path output = fs::path(argv[3]) / path.stem().concat("-gradcam.png");
      picture::write_image(output, overlay(seen, map, picture::ColourMap::jet, /*alpha=*/0.5));
      std::cout << path.filename().string() << ": class " << explanation.output.argmax(1).item<int>() << ", score "
                << best.scores.item<float>() << "\n";
    } catch (const whycam::InputError& error) {
      std::cerr << "skipped: " << error.what() << "\n";  // one bad picture does not end the loop
    }
  }
} catch (const std::exception& error) {
  std::cerr << "folder_loop: " << error.what() << "\n";
  return 1;
}
