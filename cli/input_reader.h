// Reads inputs as a network takes them.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "arguments.h"
#include "inputs.h"
#include "whycam/network.h"

namespace whycam::cli {

/// Finds out how the network takes pictures: its channels, and whether they come last. Thread-safe.
class InputReader {
 public:
  /// Reads the files of --also, which are the network's further inputs. The network and the arguments must stay.
  /// Throws Failure and InputError.
  InputReader(const Network& network, const ExplainArguments& arguments, const std::vector<InputFile>& files);

  /// An input with views of its examples. Throws InputError.
  Input read(const InputFile& file);

  /// What --also names.
  const std::vector<Input>& further() const { return further_; }
  /// What an input is called where there are several.
  std::string name_of(std::size_t index) const;
  /// What was found out, one sentence each.
  const std::vector<std::string>& notes() const { return notes_; }
  /// As it is used.
  const PreprocessingArguments& preprocessing() const { return preprocessing_; }

 private:
  PictureForm form_of(std::size_t index);
  /// Says of each input whether its channels come last.
  std::vector<bool> channels_last(const std::vector<Shape>& shapes);

  const Network& network_;
  const ExplainArguments& arguments_;
  Layout chosen_;
  PreprocessingArguments preprocessing_;
  PictureForm form_;
  std::vector<Input> further_;
  std::vector<std::string> notes_;
  std::mutex mutex_;                 ///< of what follows
  std::vector<Shape> known_shapes_;  ///< to which the answer is known
  std::vector<bool> known_;
};

}  // namespace whycam::cli
