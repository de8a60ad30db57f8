#include "explained_part.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace whycam::cli {
namespace {

picture::Image in_colour(const picture::Image& image) {
  if (image.channels == 3) return image;
  picture::Image result{image.height, image.width, 3, {}};
  for (const std::uint8_t level : image.pixels) result.pixels.insert(result.pixels.end(), 3, level);
  return result;
}

/// A rectangle's outline, inside of the picture.
picture::Image with_outline(const picture::Image& image, const picture::Rectangle& box,
                            const std::array<std::uint8_t, 3>& colour) {
  picture::Image result = in_colour(image);
  const int thickness = 1 + std::min(image.height, image.width) / 256;
  const auto within = [](double place, int extent) {
    return static_cast<int>(std::clamp(std::round(place), 0.0, static_cast<double>(extent)));
  };
  const int left = within(box.left, image.width), right = within(box.left + box.width, image.width),
            top = within(box.top, image.height), bottom = within(box.top + box.height, image.height);
  for (int y = top; y < bottom; ++y)
    for (int x = left; x < right; ++x)
      if (std::min({x - left, right - 1 - x, y - top, bottom - 1 - y}) < thickness)
        std::copy(colour.begin(), colour.end(), result.pixels.begin() + 3 * (std::ptrdiff_t{y} * image.width + x));
  return result;
}

/// Dark where a mask as large as the picture is 0 or NaN.
picture::Image with_region(const picture::Image& image, const Tensor& mask) {
  picture::Image result = in_colour(image);
  for (std::size_t i = 0; i < mask.values.size(); ++i)
    if (!(std::abs(mask.values[i]) > 0))
      for (std::size_t channel = 0; channel < 3; ++channel) result.pixels[3 * i + channel] /= 4;
  return result;
}

/// The places at which a class has the best score, H x W.
Tensor predicted(const RunExplanation& explanation, std::int64_t example, std::int64_t of_class) {
  Tensor scores = slice(explanation.output, example);
  if (explanation.class_axis != 1) scores = to_channels_first(scores);
  const std::int64_t classes = scores.shape[1], places = scores.shape[2] * scores.shape[3];
  Tensor mask{{scores.shape[2], scores.shape[3]}, std::vector<float>(static_cast<std::size_t>(places), 0.0F)};
  for (std::int64_t place = 0; place < places; ++place) {
    const auto at = [&](std::int64_t one) { return scores.values[static_cast<std::size_t>(one * places + place)]; };
    bool best = true;  // of equal scores the first class has it
    for (std::int64_t one = 0; one < classes; ++one)
      best = best && !(at(one) > at(of_class) || (one < of_class && at(one) == at(of_class)));
    mask.values[static_cast<std::size_t>(place)] = best ? 1.0F : 0.0F;
  }
  return mask;
}

/// The region as a mask over what the network sees, H x W; nothing where it is everything, or not of two dimensions.
std::optional<Tensor> mask_of(const RunExplanation& explanation, const ChosenTarget& choice, std::int64_t example) {
  const std::optional<Region>& region = choice.target->target.terms()[0].region;
  if (!region || explanation.output.shape.size() != 4) return std::nullopt;
  if (region->kind() == Region::Kind::predicted) return predicted(explanation, example, choice.chosen.indices.at(0));
  if (region->kind() == Region::Kind::all) return std::nullopt;
  return region->mask()->shape.size() == 2 ? *region->mask() : example_of(*region->mask(), example);
}

}  // namespace

std::optional<picture::Image> marked_picture(const View& view, const RunExplanation& explanation,
                                             const ChosenTarget& choice, std::int64_t example) {
  if (!view.is_picture()) return std::nullopt;
  if (const auto& box = choice.chosen.box)
    return with_outline(with_outline(view.picture(), view.shown(box->asked), {255, 255, 255}),
                        view.shown(box->detection.box), {0, 200, 0});
  const std::optional<Tensor> mask = mask_of(explanation, choice, example);
  if (!mask) return std::nullopt;
  return with_region(view.picture(), view.shown(*mask));
}

}  // namespace whycam::cli
