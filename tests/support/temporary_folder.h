// A folder that is gone with its owner.
#pragma once

#include <ftw.h>

#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace whycam::test {

/// Deletes a folder and what is in it. Not by std::filesystem::remove_all: pip's libtorch 2.11 for CUDA shows one of
/// its own to programs that link it, which jumps to address 0.
inline void remove_folder(const std::filesystem::path& path) {
  const auto remove_one = [](const char* file, const struct stat*, int, FTW*) {
    std::remove(file);
    return 0;
  };
  nftw(path.c_str(), remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "whycam-test-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("cannot make a temporary folder");
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path_, ignored))
      if (entry.is_directory(ignored)) std::filesystem::permissions(entry, std::filesystem::perms::owner_all, ignored);
    remove_folder(path_);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace whycam::test
