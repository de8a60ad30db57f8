// A mask that says over which places of a dense output a class is explained.
#pragma once

#include <optional>
#include <string>

#include "tensor.h"
#include "whycam/picture/geometry.h"
#include "whycam/region.h"

namespace whycam::cli {

/// A picture, which is inside where it is not black, or a .npy array, inside where it is not 0.
class RegionMask {
 public:
  /// Throws InputError.
  explicit RegionMask(const std::string& path);

  /// Over an output's space. The mask is in the pixels of the picture that was given, in those of the network's input,
  /// or has the output's extents already: which is told by its size. Each place takes the mask at its centre. Throws
  /// InputError for another size.
  Region over(const Shape& space, const Shape& input_space, const std::optional<picture::Geometry>& geometry) const;

 private:
  std::string path_;
  Tensor mask_;
};

}  // namespace whycam::cli
