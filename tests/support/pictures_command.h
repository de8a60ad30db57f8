// Running the command over a folder of pictures.
#pragma once

#include <random>

#include "support/command.h"
#include "whycam/picture/image.h"

namespace whycam::test {

class PicturesCommand : public Command {
 protected:
  PicturesCommand() { fs::create_directories(pictures_); }

  /// Noise with a number, so that each picture is another one.
  void add_pictures(int count) {
    for (int i = 0; i < count; ++i) {
      picture::Image image{48, 48, 3, {}};
      std::mt19937 random(static_cast<unsigned>(i));
      for (int k = 0; k < 48 * 48 * 3; ++k) image.pixels.push_back(static_cast<std::uint8_t>(random()));
      picture::write_image(pictures_ / ("picture" + std::to_string(1000 + i) + ".png"), image);
    }
  }

  std::vector<std::string> into(const fs::path& folder, const std::vector<std::string>& more = {}) const {
    return with({"explain", shapes / "shapes.pt", pictures_, "--labels", shapes / "labels.txt", "--target", "top2",
                 "--target", "star", "--size", "64", "--quiet", "--output-dir", folder},
                more);
  }

  std::vector<nlohmann::json> manifest() const {
    std::ifstream file(fs::path(results()) / "manifest.jsonl");
    std::vector<nlohmann::json> lines;
    for (std::string text; std::getline(file, text);) lines.push_back(nlohmann::json::parse(text));
    return lines;
  }

  fs::path pictures_ = folder_ / "pictures";
};

inline std::size_t count_of(const std::string& text, const std::string& words) {
  std::size_t count = 0;
  for (std::size_t at = text.find(words); at != std::string::npos; at = text.find(words, at + 1)) ++count;
  return count;
}

}  // namespace whycam::test
