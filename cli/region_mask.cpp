#include "region_mask.h"

#include <fmt/format.h>

#include <algorithm>

#include "inputs.h"
#include "whycam/errors.h"
#include "whycam/picture/image.h"
#include "whycam/picture/npy.h"

namespace whycam::cli {
namespace {

Tensor read_mask(const std::string& path) {
  if (is_array(path)) {
    Tensor mask = picture::to_array(picture::read_npy(path));
    while (mask.shape.size() > 1 && mask.shape[0] == 1) mask.shape.erase(mask.shape.begin());
    return mask;
  }
  const picture::Image image = picture::read_image(path, 3);
  Tensor mask{{image.height, image.width}, {}};
  for (std::size_t i = 0; i + 2 < image.pixels.size(); i += 3)
    mask.values.push_back(std::max({image.pixels[i], image.pixels[i + 1], image.pixels[i + 2]}) > 0 ? 1.0F : 0.0F);
  return mask;
}

/// The mask at the centres of the places of a grid over its part from `first` on, of `extent` pixels, in each axis.
Tensor sampled(const Tensor& mask, const Shape& space, const std::vector<double>& first,
               const std::vector<double>& extent) {
  Tensor result{space, std::vector<float>(static_cast<std::size_t>(picture::element_count(space)))};
  for (std::size_t place = 0; place < result.values.size(); ++place) {
    std::int64_t rest = static_cast<std::int64_t>(place), index = 0, stride = 1;
    for (std::size_t d = space.size(); d-- > 0; rest /= space[d]) {
      const double centre =
          first[d] + (static_cast<double>(rest % space[d]) + 0.5) * extent[d] / static_cast<double>(space[d]);
      index += std::clamp<std::int64_t>(static_cast<std::int64_t>(centre), 0, mask.shape[d] - 1) * stride;
      stride *= mask.shape[d];
    }
    result.values[place] = mask.values[static_cast<std::size_t>(index)];
  }
  return result;
}

}  // namespace

RegionMask::RegionMask(const std::string& path) : path_(path), mask_(read_mask(path)) {}

Region RegionMask::over(const Shape& space, const Shape& input_space,
                        const std::optional<picture::Geometry>& geometry) const {
  if (geometry && space.size() == 2 && mask_.shape == Shape{geometry->height, geometry->width}) {
    const picture::Rectangle seen = geometry->crop_in_original();
    return Region::mask(sampled(mask_, space, {seen.top, seen.left}, {seen.height, seen.width}));
  }
  if (mask_.shape == space) return Region::mask(mask_);
  if (mask_.shape == input_space && space.size() == input_space.size())
    return Region::mask(
        sampled(mask_, space, std::vector<double>(space.size(), 0), {input_space.begin(), input_space.end()}));
  const std::string of_picture =
      geometry ? fmt::format("the picture's {} x {}, ", geometry->height, geometry->width) : std::string();
  throw InputError(fmt::format("the mask \"{}\" is of {}; it is to have {}the input's {} or the output's {}", path_,
                               fmt::join(mask_.shape, " x "), of_picture, fmt::join(input_space, " x "),
                               fmt::join(space, " x ")));
}

}  // namespace whycam::cli
