// Resize and Upsample: along each axis a product with a matrix that is known.
#include <algorithm>
#include <cmath>

#include "formats/onnx/rules.h"
#include "graph/operators.h"
#include "graph/resize.h"

namespace whycam::onnx {
namespace {

using graph::Integers;
using graph::Operator;
using graph::Shape;
using graph::Value;

struct Axis {
  std::int64_t from = 0, to = 0;
  double scale = 1;
};

/// Where a place of the result lies in the input: ONNX's coordinate_transformation_mode.
double source_place(const Call& call, const std::string& mode, const Axis& axis, std::int64_t i) {
  const auto place = static_cast<double>(i);
  if (mode == "asymmetric") return place / axis.scale;
  if (mode == "align_corners")
    return axis.to == 1 ? 0 : place * static_cast<double>(axis.from - 1) / static_cast<double>(axis.to - 1);
  if (mode == "half_pixel" || (mode == "pytorch_half_pixel" && axis.to > 1)) return (place + 0.5) / axis.scale - 0.5;
  if (mode == "pytorch_half_pixel") return 0;
  if (mode == "tf_half_pixel_for_nn") return (place + 0.5) / axis.scale;
  if (mode == "half_pixel_symmetric") {  // the part that rounding the extent cut off is shared by both ends
    const auto from = static_cast<double>(axis.from);
    return from / 2 * (1 - static_cast<double>(axis.to) / (axis.scale * from)) + (place + 0.5) / axis.scale - 0.5;
  }
  call.refuse("coordinates " + mode);
}

double rounded(const Call& call, const std::string& how, double x) {
  if (how == "floor") return std::floor(x);
  if (how == "ceil") return std::ceil(x);
  if (how == "round_prefer_ceil") return std::floor(x + 0.5);
  if (how == "round_prefer_floor") return std::ceil(x - 0.5);
  call.refuse("rounding " + how);
}

/// Row i says how much of each place of the input place i of the result is.
std::vector<float> matrix_of(const Call& call, const Axis& axis, const std::string& mode,
                             const std::string& coordinates, const std::string& rounding) {
  std::vector<double> places;
  for (std::int64_t i = 0; i < axis.to; ++i) {
    const double place = source_place(call, coordinates, axis, i);
    places.push_back(mode == "nearest" ? rounded(call, rounding, place) : place);
  }
  if (mode == "nearest") return graph::linear_weights(places, axis.from);
  if (mode != "linear" && mode != "cubic") call.refuse("the mode " + mode);
  graph::Filter filter;
  filter.cubic = mode == "cubic";
  filter.a = call.number("cubic_coeff_a", -0.75);
  filter.inside_only = call.integer("exclude_outside", 0) != 0;
  if (call.integer("antialias", 0) != 0 && axis.scale < 1) filter.stretch = 1 / axis.scale;
  return graph::filter_weights(places, axis.from, filter);
}

/// The one scale of all axes where the aspect ratio is to be kept; 0 where each has its own.
double common_scale(const Call& call, const Shape& shape, const Integers& axes, const Integers& sizes) {
  const std::string policy = call.text("keep_aspect_ratio_policy", "stretch");
  if (policy == "stretch" || sizes.empty()) return 0;
  if (policy != "not_larger" && policy != "not_smaller") call.refuse("the aspect ratio " + policy);
  std::vector<double> scales;
  for (std::size_t i = 0; i < axes.size(); ++i)
    scales.push_back(static_cast<double>(sizes[i]) / static_cast<double>(shape[axis_of(axes[i], shape.size())]));
  return policy == "not_larger" ? *std::min_element(scales.begin(), scales.end())
                                : *std::max_element(scales.begin(), scales.end());
}

std::vector<Axis> axes_by(const Call& call, const std::vector<double>& scales, const Integers& sizes) {
  const Shape shape = call.shape();
  std::vector<Axis> axes;
  for (const std::int64_t extent : shape) axes.push_back({extent, extent, 1});
  Integers chosen = call.integers("axes");
  if (chosen.empty())
    for (std::size_t d = 0; d < shape.size(); ++d) chosen.push_back(static_cast<std::int64_t>(d));
  if ((sizes.empty() ? scales.size() : sizes.size()) != chosen.size())
    call.refuse("sizes for another number of dimensions");
  const double common = common_scale(call, shape, chosen, sizes);
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    Axis& axis = axes[axis_of(chosen[i], shape.size())];
    const auto from = static_cast<double>(axis.from);
    axis.scale = sizes.empty() ? scales[i] : common > 0 ? common : static_cast<double>(sizes[i]) / from;
    const double to = sizes.empty() ? std::floor(from * scales[i])
                      : common > 0  ? std::floor(from * common + 0.5)
                                    : static_cast<double>(sizes[i]);
    if (!(axis.scale > 0) || !(to >= 1) || to > 1 << 20) call.refuse("a scale of " + std::to_string(axis.scale));
    axis.to = static_cast<std::int64_t>(to);
  }
  return axes;
}

void resize_to(Call& call, const std::vector<Axis>& axes, const std::string& mode, const std::string& coordinates,
               const std::string& rounding) {
  bool whole = mode == "nearest" && coordinates == "asymmetric" && rounding == "floor";
  for (const Axis& axis : axes)
    whole = whole && axis.to % axis.from == 0 && axis.scale == static_cast<double>(axis.to / axis.from);
  Integers times;
  for (const Axis& axis : axes) times.push_back(axis.to / axis.from);
  if (whole) return call.give(graph::repeat(call.graph, call.value(), times));
  Value x = call.value();
  for (std::size_t d = 0; d < axes.size(); ++d)
    if (axes[d].to != axes[d].from || axes[d].scale != 1)
      x = graph::multiply_along(call.graph, x, d, axes[d].to, matrix_of(call, axes[d], mode, coordinates, rounding),
                                call.name);
  call.give(x);
}

void resize(Call& call) {
  const bool old = call.operator_set < 11;
  const std::size_t scales_at = old ? 1 : 2;
  const auto scales = call.known(scales_at), sizes = call.known(3);
  if (call.given(scales_at) && !scales) call.refuse("scales that depend on the inputs");
  if (call.given(3) && !sizes) call.refuse("sizes that depend on the inputs");
  const std::string mode = call.text("mode", "nearest");
  const std::vector<double> by = scales ? scales->numbers : std::vector<double>();
  const Integers to = sizes && !sizes->numbers.empty() ? sizes->to_integers() : Integers();
  resize_to(call, axes_by(call, by, to), mode,
            old ? "asymmetric" : call.text("coordinate_transformation_mode", "half_pixel"),
            old ? "floor" : call.text("nearest_mode", "round_prefer_floor"));
}

void upsample(Call& call) {
  std::vector<double> scales;
  if (const auto* given = call.find("scales")) scales.assign(given->floats().begin(), given->floats().end());
  if (call.given(1)) scales = call.array(1).numbers;
  resize_to(call, axes_by(call, scales, {}), call.text("mode", "nearest"), "asymmetric", "floor");
}

}  // namespace

void add_resizing_rules(Rules& rules) {
  rules["Resize"] = resize;
  rules["Upsample"] = upsample;
}

}  // namespace whycam::onnx
