// Convolutions and pooling.
#include <algorithm>
#include <limits>

#include "formats/onnx/rules.h"
#include "graph/evaluate.h"
#include "graph/operators.h"

namespace whycam::onnx {
namespace {

using graph::AveragePoolAttributes;
using graph::ConvolutionAttributes;
using graph::Integers;
using graph::Operator;
using graph::PoolingAttributes;
using graph::Shape;
using graph::Value;
using graph::WindowAttributes;

std::size_t spatial_dimensions(const Call& call) {
  const std::size_t dimensions = call.dimensions();
  if (dimensions < 3 || dimensions > 5)
    call.refuse("an input of " + std::to_string(dimensions) + " dimensions; 3 to 5 are understood");
  return dimensions - 2;
}

Integers or_all(Integers given, std::size_t count, std::int64_t otherwise, const Call& call, const char* what) {
  if (given.empty()) given.assign(count, otherwise);
  if (given.size() != count)
    call.refuse(std::string(what) + " of " + std::to_string(given.size()) + " numbers for " + std::to_string(count) +
                " dimensions");
  return given;
}

/// Strides, dilation and explicit padding.
WindowAttributes window(const Call& call, const Integers& kernel) {
  WindowAttributes a;
  const std::size_t n = kernel.size();
  a.strides = or_all(call.integers("strides"), n, 1, call, "strides");
  a.dilation = or_all(call.integers("dilations"), n, 1, call, "dilations");
  for (std::size_t i = 0; i < n; ++i)
    if (a.strides[i] < 1 || a.dilation[i] < 1 || kernel[i] < 1) call.refuse("a kernel, stride or dilation below 1");
  if (graph::element_count(kernel) > 1 << 24)
    call.refuse("a kernel of " + graph::to_string(kernel) + ", more than 2^24 places");
  const Integers pads = or_all(call.integers("pads"), 2 * n, 0, call, "pads");
  for (const std::int64_t pad : pads)
    if (pad < 0) call.refuse("a window with pads of " + graph::to_string(pads) + ", which cut off a part of its input");
  a.padding_begin.assign(pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(n));
  a.padding_end.assign(pads.begin() + static_cast<std::ptrdiff_t>(n), pads.end());
  return a;
}

/// auto_pad: as much as makes the result of size / stride, rounded up; the odd one behind or in front.
void pad_by_itself(const Call& call, WindowAttributes& a, const Integers& kernel, const Shape& x) {
  const std::string how = call.text("auto_pad", "NOTSET");
  if (how == "NOTSET" || how.empty()) return;
  for (std::size_t i = 0; i < a.strides.size(); ++i) {
    const std::int64_t size = x[i + 2], results = (size + a.strides[i] - 1) / a.strides[i];
    const std::int64_t all =
        std::max<std::int64_t>((results - 1) * a.strides[i] + a.dilation[i] * (kernel[i] - 1) + 1 - size, 0);
    if (how == "VALID") {
      a.padding_begin[i] = a.padding_end[i] = 0;
    } else if (how == "SAME_UPPER" || how == "SAME_LOWER") {
      a.padding_begin[i] = how == "SAME_UPPER" ? all / 2 : all - all / 2;
      a.padding_end[i] = all - a.padding_begin[i];
    } else {
      call.refuse("auto_pad " + how);
    }
  }
}

Integers kernel_of_weights(const Call& call, const Shape& weights, std::size_t spatial) {
  if (weights.size() != spatial + 2)
    call.refuse("weights of " + std::to_string(weights.size()) + " dimensions for an input of " +
                std::to_string(spatial + 2));
  const Integers kernel(weights.begin() + 2, weights.end()), said = call.integers("kernel_shape");
  if (!said.empty() && said != kernel)
    call.refuse("a kernel_shape of " + graph::to_string(said) + " beside weights of " + graph::to_string(weights));
  return kernel;
}

void convolution(Call& call) {
  const std::size_t spatial = spatial_dimensions(call);
  const Integers kernel = kernel_of_weights(call, call.shape(1), spatial);
  ConvolutionAttributes a{window(call, kernel), call.integer("group", 1)};
  pad_by_itself(call, a, kernel, call.shape());
  std::vector<Value> inputs{call.value(0), call.value(1)};
  if (call.given(2)) inputs.push_back(call.value(2));
  call.give(call.graph.add(Operator::convolution, inputs, a, call.name));
}

/// How much a transposed convolution cuts off, where the size of its result is given instead.
void cut_to(const Call& call, WindowAttributes& a, const Integers& sizes, const Integers& whole) {
  const bool upper = call.text("auto_pad", "NOTSET") != "SAME_LOWER";
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const std::int64_t all = std::max<std::int64_t>(whole[i] - sizes[i], 0);
    a.padding_begin[i] = upper ? all / 2 : all - all / 2;
    a.padding_end[i] = all - a.padding_begin[i];
  }
}

void convolution_transpose(Call& call) {
  const std::size_t spatial = spatial_dimensions(call);
  const Shape x = call.shape(), weights = call.shape(1);
  graph::ConvolutionTransposeAttributes a{
      {window(call, kernel_of_weights(call, weights, spatial)), call.integer("group", 1)}, {}};
  const Integers extra = or_all(call.integers("output_padding"), spatial, 0, call, "output_padding");
  Integers whole, sizes = call.integers("output_shape");
  for (std::size_t i = 0; i < spatial; ++i)
    whole.push_back((x[i + 2] - 1) * a.strides[i] + a.dilation[i] * (weights[i + 2] - 1) + 1 + extra[i]);
  const std::string how = call.text("auto_pad", "NOTSET");
  if (sizes.empty() && (how == "SAME_UPPER" || how == "SAME_LOWER"))
    for (std::size_t i = 0; i < spatial; ++i) sizes.push_back(x[i + 2] * a.strides[i]);
  if (!sizes.empty()) cut_to(call, a, or_all(sizes, spatial, 0, call, "output_shape"), whole);
  a.shape = {x[0], weights[1] * a.groups};
  for (std::size_t i = 0; i < spatial; ++i)
    a.shape.push_back(sizes.empty() ? whole[i] - a.padding_begin[i] - a.padding_end[i] : sizes[i]);
  Value y = call.graph.add(Operator::convolution_transpose, {call.value(0), call.value(1)}, a, call.name);
  if (call.given(2)) {
    Shape bias(spatial + 1, 1);
    bias[0] = a.shape[1];
    y = call.graph.binary(Operator::add, y, call.graph.reshape(call.value(2), bias));
  }
  call.give(y);
}

/// How many windows fit; rounding up adds none that begins in the padding behind, as in PyTorch and ONNX Runtime.
std::int64_t windows(std::int64_t size, const PoolingAttributes& a, std::size_t i, bool up) {
  const std::int64_t room = size + a.padding_begin[i] + a.padding_end[i] - a.dilation[i] * (a.kernel[i] - 1) - 1;
  std::int64_t count = (room + (up ? a.strides[i] - 1 : 0)) / a.strides[i] + 1;
  if (up && (count - 1) * a.strides[i] >= size + a.padding_begin[i]) --count;
  return count;
}

PoolingAttributes pooling(const Call& call) {
  const Integers kernel = or_all(call.integers("kernel_shape"), spatial_dimensions(call), 1, call, "kernel_shape");
  const Shape x = call.shape();
  PoolingAttributes a{window(call, kernel), {{x[0], x[1]}}, kernel};
  pad_by_itself(call, a, kernel, x);
  for (std::size_t i = 0; i < kernel.size(); ++i)
    a.shape.push_back(windows(x[i + 2], a, i, call.integer("ceil_mode", 0) != 0));
  return a;
}

void average_pool(Call& call) {
  const AveragePoolAttributes a{pooling(call), call.integer("count_include_pad", 0) != 0};
  call.give(call.graph.add(Operator::average_pool, {call.value()}, a, call.name));
}

void max_pool(Call& call) {
  const PoolingAttributes a = pooling(call);
  call.give(call.graph.add(Operator::max_pool, {call.value()}, a, call.name));
  if (call.output_count() < 2) return;
  if (call.integer("storage_order", 0) != 0) call.refuse("the places of maxima, column by column");
  call.give(call.graph.add(Operator::max_pool_positions, {call.value()}, a, call.name), 1);
}

/// Where the places of maxima come from, through changes of shape alone; no_value where it is something else.
Value places_behind(const graph::Graph& g, Value x) {
  while (g[x].op == Operator::reshape) x = g[x].inputs[0];
  return g[x].op == Operator::max_pool_positions ? x : graph::no_value;
}

/// Zeros, written out or repeated.
bool is_zero(const graph::Graph& g, Value x) {
  while (g[x].op == Operator::reshape || g[x].op == Operator::expand) x = g[x].inputs[0];
  if (g[x].op != Operator::constant) return false;
  for (const double number : graph::evaluate_constant(g, x).values)
    if (number != 0) return false;
  return true;
}

/// Values that take the place of others, at one known place along an axis. False where it is something else.
bool put_at_one_place(Call& call, std::size_t axis) {
  Shape row = call.shape(0);
  row[axis] = 1;
  if (call.shape(2) != row || call.shape(1) != row || call.text("reduction", "none") != "none") return false;
  const auto places = call.known(1, std::int64_t{1} << 22);
  if (!places || places->numbers.empty()) return false;
  const double place = places->numbers[0];
  if (std::any_of(places->numbers.begin(), places->numbers.end(), [&](double other) { return other != place; }))
    return false;
  const auto extent = static_cast<double>(call.shape(0)[axis]), begin = place < 0 ? place + extent : place;
  if (!(begin >= 0 && begin < extent)) call.refuse("a place that is not within the tensor");
  call.give(call.graph.put(call.value(0), axis, static_cast<std::int64_t>(begin), call.value(2)));
  return true;
}

/// Three uses: values that take the place of others, values that are added up at the places where a MaxPool found its
/// maxima, and values that are put at one place of each row.
void scatter(Call& call) {
  graph::Graph& g = call.graph;
  const Shape data = call.shape(0), updates = call.shape(2);
  const std::size_t axis = axis_of(call.integer("axis", 0), data.size());
  if (put_at_one_place(call, axis)) return;
  if (!is_zero(g, call.value(0))) call.refuse("values that are put into other ones than zeros");
  const std::string reduction = call.text("reduction", "none");
  if (const Value places = places_behind(g, call.value(1)); places != graph::no_value) {
    PoolingAttributes a = g[places].as<PoolingAttributes>();
    a.shape = g.shape(g[places].inputs[0]);
    const bool fits = reduction == "add" && data == Shape{graph::element_count(a.shape)} &&
                      updates == Shape{graph::element_count(g.shape(places))};
    if (!fits) call.refuse("the places of maxima for something else than sums over a whole tensor in one row");
    const Value arriving = g.reshape(call.value(2), g.shape(places));
    return call.give(g.reshape(g.add(Operator::max_pool_gradient, {arriving, places}, a, call.name), data));
  }
  if (reduction != "none" || data.size() != 2 || axis != 1 || updates != Shape{data[0], 1} || call.shape(1) != updates)
    call.refuse("values that are put at other places than one of each row");
  std::vector<float> numbers;
  for (std::int64_t i = 0; i < data[1]; ++i) numbers.push_back(static_cast<float>(i));
  const Value columns = g.add_constant(graph::constant_of(std::move(numbers)), {1, data[1]});
  const Value apart = g.unary(graph::Function::absolute, g.binary(Operator::subtract, columns, call.value(1)));
  const Value elsewhere = g.unary(graph::Function::clamp, apart, 0, 1);  // whole numbers: 0 at the place, else 1
  call.give(g.binary(Operator::multiply, g.unary(graph::Function::linear, elsewhere, -1, 1), call.value(2)));
}

}  // namespace

void add_window_rules(Rules& rules) {
  rules["Conv"] = convolution;
  rules["ConvTranspose"] = convolution_transpose;
  rules["MaxPool"] = max_pool;
  rules["AveragePool"] = average_pool;
  rules["ScatterElements"] = scatter;
  rules["GlobalMaxPool"] = [](Call& call) {
    spatial_dimensions(call);
    call.give(call.graph.add(Operator::max_pool, {call.value()}, graph::window_of_all(call.shape()), call.name));
  };
  rules["GlobalAveragePool"] = [](Call& call) {
    spatial_dimensions(call);
    const AveragePoolAttributes a{graph::window_of_all(call.shape()), true};
    call.give(call.graph.add(Operator::average_pool, {call.value()}, a, call.name));
  };
}

}  // namespace whycam::onnx
