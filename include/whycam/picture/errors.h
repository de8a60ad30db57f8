// The exceptions of the picture functions.
#pragma once

#include <filesystem>
#include <string>

#include "whycam/api.h"
#include "whycam/errors.h"

namespace whycam::picture {

/// A file that cannot be used as it is: the message names the path, what is wrong and what would help.
class WHYCAM_API PictureError : public InputError {
 public:
  PictureError(const std::filesystem::path& path, const std::string& reason)
      : InputError("cannot read \"" + path.string() + "\": " + reason) {}
};

/// A file that could not be written. The file that was there before, if any, is untouched.
class WHYCAM_API WriteError : public OutputError {
 public:
  WriteError(const std::filesystem::path& path, const std::string& reason)
      : OutputError("cannot write \"" + path.string() + "\": " + reason) {}
};

}  // namespace whycam::picture
