// Pictures, folders and tensors as a network's inputs.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "tensor.h"
#include "view.h"
#include "whycam/picture/image.h"
#include "whycam/picture/preprocess.h"

namespace whycam::cli {

/// An input file, and how the files made from it begin.
struct InputFile {
  std::filesystem::path path;
  std::string stem;  ///< the file's name without its ending; numbered where several inputs share it
};

/// What the network gets of one file: one example, or those of a .npy tensor.
struct Input {
  InputFile file;
  std::string checksum;            ///< of the file; see checksum.h
  Tensor tensor;                   ///< in the network's order
  std::vector<View> views;         ///< how the examples are shown; none before the layout is known
  std::vector<std::string> notes;  ///< on conversions, one sentence each
};

/// Whether a file is taken for a tensor, by its ending.
bool is_array(const std::filesystem::path& path);

/// Gives every name once: one that is taken gets the first free number behind it.
class UniqueNames {
 public:
  std::string operator()(const std::string& name);
  /// Takes a name that a file has already.
  void reserve(const std::string& name) { taken_.insert(name); }

 private:
  std::set<std::string> taken_;
};

/// The files named, and those in the folders named, in order. Throws Failure where one is missing, a folder
/// holds none, or a file is of another kind.
std::vector<InputFile> find_inputs(const std::vector<std::string>& paths);

/// How pictures are read.
struct PictureForm {
  picture::Preprocessing preprocessing;
  bool channels_last = false;  ///< the network takes N x H x W x C
  bool full_size = false;      ///< maps are drawn on the whole picture
  std::int64_t limit = picture::largest_decoding;
};

/// A picture with its view, or an array, of which only the network knows what its axes are. Throws InputError.
Input read_input(const InputFile& file, const PictureForm& form);

}  // namespace whycam::cli
