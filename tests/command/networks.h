// Small convolutional networks as ONNX files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "support/command.h"
#include "whycam/picture/npy.h"

namespace whycam::test {

/// Two convolutions with ReLUs (the layers "first" and "second", the latter behind a stride of 2 wherever the kernel is
/// 3), the mean over space and 5 classes. The weights depend on the channels and the number of weights alone.
struct SmallNetwork {
  std::int64_t channels = 3;
  std::vector<std::int64_t> kernel{3, 3};   ///< 3 or 1 a dimension of space
  bool channels_last = false;               ///< takes N x space x C, which a Transpose brings into order
  std::vector<std::int64_t> declared = {};  ///< the input's shape, 0 for what is open; empty: all is open

  bool dense = false;  ///< gives the scores of its classes at each place, in the order of its input
  /// Gives a detector's output instead, N x 7 x places: boxes and scores of 3 classes.
  bool detector = false;

  void save(const std::filesystem::path& path) const;
};

/// Numbers around 0 that look like noise, the same in every run.
picture::Array noise(const std::vector<std::int64_t>& shape);

/// N x H x W x C of N x C x H x W.
picture::Array with_channels_last(const picture::Array& array);

/// A command with networks, arrays and what it wrote.
class InputsCommand : public Command {
 protected:
  std::string network(const SmallNetwork& network) const {
    const fs::path path = folder_ / "network.onnx";
    network.save(path);
    return path;
  }
  std::string array(const picture::Array& array, const std::string& name = "x.npy") const {
    picture::write_npy(folder_ / name, array);
    return folder_ / name;
  }
  picture::Array result(const std::string& name) const {
    return picture::to_array(picture::read_npy(fs::path(results()) / name));
  }
};

/// Compares the numbers; shapes may differ in axes of extent 1.
void expect_near(const picture::Array& actual, const picture::Array& expected, double tolerance = 1e-5);

}  // namespace whycam::test
