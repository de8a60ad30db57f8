// Running the command by shards over a folder with sub-folders.
#pragma once

#include <cstdlib>
#include <map>

#include "command/networks.h"
#include "support/pictures_command.h"

namespace whycam::test {

/// Variables of the environment for as long as this lives; with empty values they are not set.
class Variables {
 public:
  explicit Variables(const std::vector<std::pair<std::string, std::string>>& variables) {
    for (const auto& [name, value] : variables) {
      const char* before = std::getenv(name.c_str());
      before_.emplace_back(name, before ? before : "");
      set(name, value);
    }
  }
  ~Variables() {
    for (const auto& [name, value] : before_) set(name, value);
  }
  Variables(const Variables&) = delete;
  Variables& operator=(const Variables&) = delete;

 private:
  static void set(const std::string& name, const std::string& value) {
    if (value.empty())
      unsetenv(name.c_str());
    else
      setenv(name.c_str(), value.c_str(), 1);
  }
  std::vector<std::pair<std::string, std::string>> before_;
};

class ShardsCommand : public PicturesCommand {
 protected:
  ShardsCommand() {
    SmallNetwork{}.save(network_);
    for (const char* name : {"a.png", "b.png", "c.png", "d.png", "x.png", "sub/a.png", "sub/x.png", "sub/deep/a.png",
                             "sub/deep/e.png", "other/a.png", "other/f.png"})
      add_picture(name);
  }

  /// One of its own by its name.
  void add_picture(const std::string& name) const {
    std::mt19937 random(static_cast<unsigned>(std::hash<std::string>()(name)));
    picture::Image image{16, 16, 3, {}};
    for (int i = 0; i < 16 * 16 * 3; ++i) image.pixels.push_back(static_cast<std::uint8_t>(random()));
    fs::create_directories((pictures_ / name).parent_path());
    picture::write_image(folder_ / "new.png", image);
    fs::rename(folder_ / "new.png", pictures_ / name);  // what is in a file is told by its content
  }

  std::vector<std::string> words(const fs::path& to, const std::vector<std::string>& more) const {
    return with({"explain", network_, pictures_, "--recursive", "--layer", "second", "--target", "1", "--target", "2",
                 "--method", "gradcam", "--size", "16", "--quiet", "--output-dir", to},
                more);
  }
  Outcome explained(const std::vector<std::string>& more) { return run(words(results(), more)); }
  void explain_all_shards(int count, const std::vector<std::string>& more = {}) {
    for (int number = 1; number <= count; ++number) {
      const std::string shard = std::to_string(number) + "/" + std::to_string(count);
      const Outcome outcome = explained(with({"--shard", shard}, more));
      ASSERT_EQ(outcome.exit_code, 0) << outcome.error;
    }
  }

  /// The maps in a folder and those below it, by their paths from there.
  static std::map<std::string, std::string> maps_in(const fs::path& folder) {
    std::map<std::string, std::string> maps;
    for (const auto& entry : fs::recursive_directory_iterator(folder))
      if (entry.is_regular_file() && entry.path().extension() == ".png")
        maps[entry.path().lexically_relative(folder).string()] = content(entry.path());
    return maps;
  }

  /// All lines of all manifests in a folder, sorted.
  static std::multiset<std::string> lines_in(const fs::path& folder) {
    std::multiset<std::string> lines;
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().filename().string().rfind("manifest", 0) != 0) continue;
      std::ifstream file(entry.path());
      for (std::string line; std::getline(file, line);) lines.insert(line);
    }
    return lines;
  }

  /// The inputs that the manifest of a shard tells of, from the folder of pictures on.
  std::set<std::string> inputs_in(const std::string& manifest) const {
    std::set<std::string> inputs;
    std::ifstream file(fs::path(results()) / manifest);
    for (std::string line; std::getline(file, line);)
      inputs.insert(fs::path(nlohmann::json::parse(line)["input"].get<std::string>()).lexically_relative(pictures_));
    return inputs;
  }

  std::string network_ = folder_ / "network.onnx";
};

}  // namespace whycam::test
