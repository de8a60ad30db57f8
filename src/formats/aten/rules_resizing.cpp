// upsample_*, which is what torch.nn.functional.interpolate and torch.nn.Upsample become: along each axis a product
// with a matrix that is known.
#include <cmath>

#include "formats/aten/rules.h"
#include "graph/resize.h"

namespace whycam::aten {
namespace {

using graph::Shape;
using graph::Value;

enum class Mode { nearest, nearest_exact, linear, cubic };

/// One axis: its extents, and the scale that a user gave, 0 where that follows from them.
struct Axis {
  std::int64_t from = 0, to = 0;
  double scale = 0;
};

/// Where the places of the result lie in the input, as PyTorch's UpSample.h has it.
std::vector<double> places_of(const Axis& axis, Mode mode, bool align_corners) {
  const auto from = static_cast<double>(axis.from), to = static_cast<double>(axis.to);
  double step = axis.scale > 0 ? 1 / axis.scale : from / to;
  if (align_corners) step = axis.to > 1 ? (from - 1) / (to - 1) : 0;
  std::vector<double> places;
  for (std::int64_t i = 0; i < axis.to; ++i) {
    const auto at = static_cast<double>(i);
    double place = align_corners ? at * step : (at + 0.5) * step - 0.5;
    if (mode == Mode::linear && place < 0) place = 0;
    // The nearest place is found in single precision, and so does who is to meet the same one.
    if (mode == Mode::nearest) place = std::floor(static_cast<float>(i) * static_cast<float>(step));
    if (mode == Mode::nearest_exact) place = std::floor((static_cast<float>(i) + 0.5F) * static_cast<float>(step));
    places.push_back(place);
  }
  return places;
}

/// Extents and scales from a call with output_size, or with output_size and scale_factors as optional lists.
std::vector<Axis> axes_of(const Call& call, const Shape& from, std::size_t scales_at, bool scales_are_a_list) {
  std::vector<Axis> axes;
  const std::size_t spatial = from.size() - 2;
  const graph::Integers sizes = call.integers(1, spatial);
  for (std::size_t i = 0; i < spatial; ++i) {
    Axis axis;
    axis.from = from[i + 2];
    if (scales_are_a_list && call.given(scales_at))
      axis.scale = call.numbers(scales_at).at(i);
    else if (!scales_are_a_list)
      axis.scale = call.number(scales_at + i);
    const double to = sizes.empty() ? std::floor(static_cast<double>(axis.from) * axis.scale) : 0;
    if (sizes.empty() && !(to >= 1 && to <= static_cast<double>(graph::largest_extent)))
      call.refuse("a scale of " + std::to_string(axis.scale));
    axis.to = sizes.empty() ? static_cast<std::int64_t>(to) : sizes.at(i);
    if (!sizes.empty()) axis.scale = scales_are_a_list ? 0 : axis.scale;
    axes.push_back(axis);
  }
  return axes;
}

/// Nearest by a whole number is repetition.
bool repeats(const std::vector<Axis>& axes, Mode mode) {
  for (const Axis& axis : axes)
    if (axis.to % axis.from != 0 || (axis.scale > 0 && axis.scale != static_cast<double>(axis.to / axis.from)))
      return false;
  return mode == Mode::nearest || mode == Mode::nearest_exact;
}

void resize(Call& call, std::size_t spatial, Mode mode) {
  Value x = call.tensor();
  const Shape from = call.graph.shape(x);
  if (from.size() != spatial + 2) call.refuse("a tensor of another number of dimensions");
  const bool nearest = mode == Mode::nearest || mode == Mode::nearest_exact;
  const std::size_t scales_at = nearest ? 2 : 3;
  const bool a_list = call.count() == scales_at + 1 && (!call.given(scales_at) || call.is<Arguments>(scales_at));
  const std::vector<Axis> axes = axes_of(call, from, scales_at, a_list);
  if (repeats(axes, mode)) {
    graph::Integers times(2, 1);
    for (const Axis& axis : axes) times.push_back(axis.to / axis.from);
    return call.give(graph::repeat(call.graph, x, times));
  }
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (axes[i].to == axes[i].from && (axes[i].scale == 0 || axes[i].scale == 1)) continue;
    const std::vector<double> places = places_of(axes[i], mode, !nearest && call.boolean(2));
    x = graph::multiply_along(call.graph, x, i + 2, axes[i].to,
                              mode == Mode::cubic ? graph::cubic_weights(places, axes[i].from, -0.75)
                                                  : graph::linear_weights(places, axes[i].from));
  }
  call.give(x);
}

}  // namespace

void add_resizing_rules(Rules& rules) {
  const char* const linear[] = {"linear1d", "bilinear2d", "trilinear3d"};
  for (std::size_t n = 1; n <= 3; ++n) {
    const std::string d = std::to_string(n) + "d";
    rules["upsample_nearest" + d] = [n](Call& call) { resize(call, n, Mode::nearest); };
    rules["_upsample_nearest_exact" + d] = [n](Call& call) { resize(call, n, Mode::nearest_exact); };
    rules[std::string("upsample_") + linear[n - 1]] = [n](Call& call) { resize(call, n, Mode::linear); };
  }
  rules["upsample_bicubic2d"] = [](Call& call) { resize(call, 2, Mode::cubic); };
}

}  // namespace whycam::aten
