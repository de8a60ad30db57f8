#include "view.h"

#include <algorithm>

#include "whycam/picture/contact_sheet.h"
#include "whycam/picture/render.h"
#include "whycam/picture/signal.h"

namespace whycam::cli {
namespace {

/// Without axes before the last `rank`, which the one in front of those takes in.
Tensor with_rank(Tensor tensor, std::size_t rank) {
  Shape shape(tensor.shape.end() - static_cast<std::ptrdiff_t>(std::min(rank, tensor.shape.size())),
              tensor.shape.end());
  while (shape.size() < rank) shape.insert(shape.begin(), 1);
  shape[0] = static_cast<std::int64_t>(tensor.values.size()) / picture::element_count({shape.begin() + 1, shape.end()});
  tensor.shape = std::move(shape);
  return tensor;
}

/// C x D x H x W, or more dimensions of space, as C x (D H) x W.
Tensor stacked(Tensor example) {
  const std::int64_t channels = example.shape[0], width = example.shape.back();
  example.shape = {channels, static_cast<std::int64_t>(example.values.size()) / channels / width, width};
  return example;
}

}  // namespace

View::View(picture::Seen seen, bool channels_last, std::optional<picture::Image> original)
    : channels_last_(channels_last),
      full_size_(original.has_value()),
      shown_(original ? std::move(*original) : std::move(seen.picture)),
      geometry_(seen.geometry) {}

View::View(const Tensor& array, bool channels_last) : channels_last_(channels_last) {
  Tensor example = array;
  example.shape.insert(example.shape.begin(), 1);
  if (channels_last) example = to_channels_first(example);
  example = example_of(example, 0);
  const std::size_t rank = example.shape.size();
  if (rank < 3) {
    kind_ = Kind::signal;
    signal_ = with_rank(std::move(example), 2);
    shown_ = picture::signal_picture(signal_);
  } else if (rank == 3) {
    shown_ = picture::picture_of_tensor(example);
  } else {
    kind_ = Kind::volume;
    slice_height_ = static_cast<int>(example.shape[rank - 2]);
    slices_ = picture::picture_of_tensor(stacked(std::move(example)));
    shown_ = picture::grid_of_slices(slices_, slice_height_);
  }
}

picture::Image View::draw(const Drawing& drawing, const Tensor& attribution, Method method) const {
  const bool heat = is_heat_map(method);
  const Tensor map = example_of(channels_last_ && !heat ? to_channels_first(attribution) : attribution, 0);
  if (kind_ == Kind::volume) return draw_volume(drawing, stacked(map), method);
  if (kind_ == Kind::signal)
    return heat ? picture::signal_overlay(signal_, with_rank(map, 1), drawing.colours, drawing.opacity)
                : picture::signal_map(signal_, with_rank(map, 2), drawing.signed_maps);
  if (!heat) return picture::signed_map(full_size_ ? geometry_->to_original(map) : map, drawing.signed_maps);
  const Tensor flat = with_rank(map, 2);
  if (full_size_) return picture::overlay_on_original(shown_, flat, *geometry_, drawing.colours, drawing.opacity);
  return picture::overlay(shown_, flat, drawing.colours, drawing.opacity);
}

picture::Image View::draw_volume(const Drawing& drawing, const Tensor& map, Method method) const {
  const picture::Image drawn = is_heat_map(method)
                                   ? picture::overlay(slices_, with_rank(map, 2), drawing.colours, drawing.opacity)
                                   : picture::signed_map(map, drawing.signed_maps);
  return picture::grid_of_slices(drawn, slice_height_);
}

Tensor View::shown(const Tensor& mask) const {
  const auto height = static_cast<std::int64_t>(shown_.height), width = static_cast<std::int64_t>(shown_.width);
  picture::Geometry whole{shown_.height, shown_.width, shown_.height, shown_.width, 0, 0, shown_.height, shown_.width};
  const picture::Geometry& geometry = full_size_ ? *geometry_ : whole;
  // Places are blocks, and not interpolated: as many as the picture has pixels, or more.
  const std::int64_t rows = std::max(mask.shape.at(0), height), columns = std::max(mask.shape.at(1), width);
  Tensor fine{{rows, columns}, {}};
  for (std::int64_t y = 0; y < rows; ++y)
    for (std::int64_t x = 0; x < columns; ++x)
      fine.values.push_back(mask.values[static_cast<std::size_t>(y * mask.shape[0] / rows * mask.shape[1] +
                                                                 x * mask.shape[1] / columns)]);
  return geometry.to_original(fine);
}

Tensor View::array(const Tensor& map, Method method) const {
  if (!full_size_) return map;
  if (!channels_last_ || is_heat_map(method)) return geometry_->to_original(map);
  return to_channels_last(geometry_->to_original(to_channels_first(map)));
}

}  // namespace whycam::cli
