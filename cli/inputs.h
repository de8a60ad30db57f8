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
  std::string stem;  ///< the file's name without its ending; numbered where several inputs of a folder share it
  std::filesystem::path folder = {};  ///< of the files made from it, below the output folder; empty: that itself
  /// Its path without its ending, from the folder that was named on, or as it was named itself: which shard has it. So
  /// inputs whose results could be called alike, x.png and x.jpg, are of one shard.
  std::string key = {};
  std::string before_example = "-";  ///< what stands before the number of an example in the names of files
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

/// How folders are searched.
struct Search {
  bool recursive = false;          ///< folders in them, too
  std::filesystem::path but = {};  ///< this folder is none of them: that of the results
};

/// Sub-folders that were not searched: all of them, or of a recursive search those that are links.
struct LeftOut {
  std::filesystem::path folder;
  std::size_t folders;
};

struct FoundInputs {
  std::vector<InputFile> files;
  std::vector<LeftOut> left_out;
  bool has_folder = false;  ///< a folder was named
};

/// The files named, and those in the folders named, in order. What is made from files in sub-folders goes into
/// sub-folders of the same names. Throws Failure where one is missing, a folder holds none or cannot be read, or a file
/// is of another kind.
FoundInputs find_inputs(const std::vector<std::string>& paths, const Search& search);

/// One that is named by itself.
InputFile find_input(const std::string& path);

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
