// --box: a detector's row that belongs to a box of the picture.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tensor.h"
#include "whycam/detection.h"
#include "whycam/picture/geometry.h"

namespace whycam::cli {

/// What was found for one example, in the network's pixels.
struct FoundBox {
  picture::Rectangle asked;  ///< the part of the box that the network saw
  Detection detection;
};

class Box {
 public:
  /// "X,Y,W,H" and a detector_format_named. Throws Failure.
  Box(const std::string& box, const std::string& format);

  /// What belongs to the box in an output for inputs whose height and width are `input_space`; the box is in the pixels
  /// of the picture that the geometry tells of, without one in the network's. `labels`: how many classes have names; 0:
  /// unknown. Throws InputError, TargetError and ModelError.
  std::vector<FoundBox> find(const Tensor& output, const Shape& input_space,
                             const std::optional<picture::Geometry>& geometry, std::size_t labels) const;

 private:
  picture::Rectangle box_;
  DetectorFormat format_;
};

}  // namespace whycam::cli
