#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>

namespace whycam::picture {

/// A file that cannot be used as it is: the message names the path, what is wrong and what would help.
class PictureError : public std::runtime_error {
 public:
  PictureError(const std::filesystem::path& path, const std::string& reason)
      : std::runtime_error("cannot read \"" + path.string() + "\": " + reason) {}
};

/// A file that could not be written. The file that was there before, if any, is untouched.
class WriteError : public std::runtime_error {
 public:
  WriteError(const std::filesystem::path& path, const std::string& reason)
      : std::runtime_error("cannot write \"" + path.string() + "\": " + reason) {}
};

}  // namespace whycam::picture
