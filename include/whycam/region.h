// Over which places of a dense output a class is explained.
#pragma once

#include <memory>
#include <string>

#include "whycam/api.h"
#include "whycam/picture/array.h"

namespace whycam {

/// Places of an output N x classes x space, such as a segmenter's, over which Target::over sums a class's scores: what
/// is known as Seg-Grad-CAM (Vinogradova et al. 2020). A value; use it from any thread.
class WHYCAM_API Region {
 public:
  enum class Kind { all, predicted, mask };

  /// Every place.
  static Region all() { return Region(Kind::all, nullptr); }
  /// The places at which the class has the best score of all.
  static Region predicted() { return Region(Kind::predicted, nullptr); }
  /// The places at which the mask is not 0. Its shape is the output's space, for all examples, or N x space. Throws
  /// InputError for a mask with NaN, or with another number of values than its shape says.
  static Region mask(picture::Array mask);

  Kind kind() const { return kind_; }
  /// Null but for Kind::mask.
  const std::shared_ptr<const picture::Array>& mask() const { return mask_; }
  /// "all", "predicted" or "mask".
  std::string to_string() const;

 private:
  Region(Kind kind, std::shared_ptr<const picture::Array> mask) : kind_(kind), mask_(std::move(mask)) {}

  Kind kind_;
  std::shared_ptr<const picture::Array> mask_;
};

}  // namespace whycam
