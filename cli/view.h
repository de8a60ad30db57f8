// How an example of an input is shown, and maps of it.
#pragma once

#include <optional>

#include "arguments.h"
#include "tensor.h"
#include "whycam/picture/geometry.h"
#include "whycam/picture/preprocess.h"

namespace whycam::cli {

/// Pictures are shown as they are, signals (C x L, and vectors) as curves, volumes (C x D x H x W) as a grid of slices.
class View {
 public:
  /// A picture, as the network sees it or, where the original is given, in that one's pixels.
  View(picture::Seen seen, bool channels_last, std::optional<picture::Image> original);
  /// One example of an array, without the dimension that counts examples.
  View(const Tensor& example, bool channels_last);

  /// What is shown beside maps.
  const picture::Image& picture() const { return shown_; }

  /// A map of it, with a dimension 0 of 1: 1 x 1 x space, or for a map of the input in the input's own axes.
  picture::Image draw(const Drawing& drawing, const Tensor& map, Method method) const;

  /// The map as it is written as an array: in the original's pixels where these are shown.
  Tensor array(const Tensor& map, Method method) const;

  /// A rectangle in the network's pixels where picture() has it.
  picture::Rectangle shown(const picture::Rectangle& box) const {
    return full_size_ ? geometry_->to_original(box) : box;
  }
  /// A mask over what the network sees (H x W, of any size), spread over picture(); NaN outside of that.
  Tensor shown(const Tensor& mask) const;

  /// Whether this is a picture, or looks like one.
  bool is_picture() const { return kind_ == Kind::picture; }

  bool channels_last() const { return channels_last_; }

  /// Which part of the picture the network saw; nothing for arrays.
  const std::optional<picture::Geometry>& geometry() const { return geometry_; }

 private:
  enum class Kind { picture, signal, volume };
  picture::Image draw_volume(const Drawing& drawing, const Tensor& map, Method method) const;

  Kind kind_ = Kind::picture;
  bool channels_last_ = false, full_size_ = false;
  picture::Image shown_;
  picture::Image slices_;  ///< of a volume: one below the other
  int slice_height_ = 1;
  Tensor signal_;  ///< C x L
  std::optional<picture::Geometry> geometry_;
};

}  // namespace whycam::cli
