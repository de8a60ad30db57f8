// Convolutions and pooling.
#include <limits>

#include "formats/aten/rules.h"

namespace whycam::aten {
namespace {

using graph::AveragePoolAttributes;
using graph::ConvolutionAttributes;
using graph::Integers;
using graph::Operator;
using graph::PoolingAttributes;
using graph::Shape;
using graph::Value;

/// A tensor without a batch gets one, and loses it again behind the operation.
class Batched {
 public:
  Batched(Call& call, std::size_t spatial)
      : call_(call), x(call.tensor()), without_batch_(call.dimensions() == static_cast<std::int64_t>(spatial) + 1) {
    if (call.dimensions() != static_cast<std::int64_t>(spatial) + 2 && !without_batch_)
      call.refuse("an input of " + std::to_string(call.dimensions()) + " dimensions");
    if (!without_batch_) return;
    Shape shape = call.shape();
    shape.insert(shape.begin(), 1);
    x = call.graph.reshape(x, shape);
  }
  void give(Value y) {
    if (without_batch_) {
      const Shape& shape = call_.graph.shape(y);
      y = call_.graph.reshape(y, Shape(shape.begin() + 1, shape.end()));
    }
    call_.give(y);
  }

 private:
  Call& call_;

 public:
  Value x;

 private:
  bool without_batch_;
};

/// "same" padding: PyTorch puts the odd one behind.
void pad_same(ConvolutionAttributes& attributes, const Shape& weights) {
  for (std::size_t i = 0; i < attributes.strides.size(); ++i) {
    const std::int64_t all = attributes.dilation[i] * (weights[i + 2] - 1);
    attributes.padding_begin.push_back(all / 2);
    attributes.padding_end.push_back(all - all / 2);
  }
}

void require_weights(Call& call, std::size_t spatial) {
  if (call.dimensions(1) != static_cast<std::int64_t>(spatial) + 2)
    call.refuse("weights of " + std::to_string(call.dimensions(1)) + " dimensions");
}

void convolve(Call& call, std::size_t spatial, std::size_t dilation_at, std::size_t groups_at) {
  Batched batched(call, spatial);
  require_weights(call, spatial);
  ConvolutionAttributes attributes;
  attributes.strides = call.integers(3, spatial);
  attributes.dilation = call.integers(dilation_at, spatial);
  attributes.groups = call.integer(groups_at, 1);
  if (attributes.strides.empty()) attributes.strides.assign(spatial, 1);
  if (attributes.dilation.empty()) attributes.dilation.assign(spatial, 1);
  if (call.is<std::string>(4) && call.text(4) == "same") {
    pad_same(attributes, call.shape(1));
  } else {
    attributes.padding_begin = call.is<std::string>(4) ? Integers(spatial, 0) : call.integers(4, spatial);
    if (attributes.padding_begin.empty()) attributes.padding_begin.assign(spatial, 0);
    attributes.padding_end = attributes.padding_begin;
  }
  std::vector<Value> inputs{batched.x, call.tensor(1)};
  if (call.given(2)) inputs.push_back(call.tensor(2));
  batched.give(call.graph.add(Operator::convolution, inputs, attributes, call.name));
}

void transposed(Call& call, std::size_t spatial, std::size_t output_padding_at, std::size_t groups_at,
                std::size_t dilation_at) {
  Batched batched(call, spatial);
  require_weights(call, spatial);
  graph::ConvolutionTransposeAttributes attributes;
  const auto ints = [&](std::size_t i, std::int64_t otherwise) {
    const Integers given = call.integers(i, spatial);
    return given.empty() ? Integers(spatial, otherwise) : given;
  };
  attributes.strides = ints(3, 1);
  attributes.padding_begin = attributes.padding_end = ints(4, 0);
  attributes.dilation = ints(dilation_at, 1);
  attributes.groups = call.integer(groups_at, 1);
  const Integers extra = ints(output_padding_at, 0);
  const Shape x = call.graph.shape(batched.x), w = call.shape(1);
  attributes.shape = {x[0], w[1] * attributes.groups};
  for (std::size_t i = 0; i < spatial; ++i)
    attributes.shape.push_back((x[i + 2] - 1) * attributes.strides[i] - 2 * attributes.padding_begin[i] +
                               attributes.dilation[i] * (w[i + 2] - 1) + extra[i] + 1);
  Value y = call.graph.add(Operator::convolution_transpose, {batched.x, call.tensor(1)}, attributes, call.name);
  if (call.given(2)) {
    Shape bias(spatial + 1, 1);
    bias[0] = attributes.shape[1];
    y = call.graph.binary(Operator::add, y, call.graph.reshape(call.tensor(2), bias));
  }
  batched.give(y);
}

void convolution(Call& call) {  // aten::convolution and aten::_convolution
  if (call.dimensions(1) < 3) call.refuse("weights of " + std::to_string(call.dimensions(1)) + " dimensions");
  const auto spatial = static_cast<std::size_t>(call.dimensions(1) - 2);
  if (call.boolean(6))
    transposed(call, spatial, 7, 8, 5);
  else
    convolve(call, spatial, 5, 8);
}

/// How many windows fit, as PyTorch counts them: rounding up adds none that begins in the padding behind.
std::int64_t pooled(std::int64_t size, std::int64_t kernel, std::int64_t stride, std::int64_t padding,
                    std::int64_t dilation, bool up) {
  const std::int64_t room = size + 2 * padding - dilation * (kernel - 1) - 1 + (up ? stride - 1 : 0);
  std::int64_t count = room / stride + 1;
  if (up && (count - 1) * stride >= size + padding) --count;
  return count;
}

PoolingAttributes pooling(const Call& call, Value x, std::size_t spatial, std::size_t dilation_at,
                          std::size_t ceil_at) {
  PoolingAttributes attributes;
  attributes.kernel = call.integers(1, spatial);
  if (attributes.kernel.empty()) call.refuse("a window of no size");
  attributes.strides = call.integers(2, spatial);
  if (attributes.strides.empty()) attributes.strides = attributes.kernel;
  attributes.padding_begin = call.integers(3, spatial);
  if (attributes.padding_begin.empty()) attributes.padding_begin.assign(spatial, 0);
  attributes.padding_end = attributes.padding_begin;
  attributes.dilation = dilation_at ? call.integers(dilation_at, spatial) : Integers();
  if (attributes.dilation.empty()) attributes.dilation.assign(spatial, 1);
  const Shape shape = call.graph.shape(x);
  attributes.shape = {shape[0], shape[1]};
  for (const std::int64_t stride : attributes.strides)
    if (stride < 1) call.refuse("a stride of " + std::to_string(stride));
  for (std::size_t i = 0; i < spatial; ++i)
    attributes.shape.push_back(pooled(shape[i + 2], attributes.kernel[i], attributes.strides[i],
                                      attributes.padding_begin[i], attributes.dilation[i], call.boolean(ceil_at)));
  return attributes;
}

void max_pool(Call& call, std::size_t spatial) {
  Batched batched(call, spatial);
  batched.give(call.graph.add(Operator::max_pool, {batched.x}, pooling(call, batched.x, spatial, 4, 5)));
}

void average_pool(Call& call, std::size_t spatial) {
  if (call.given(6)) call.refuse("a divisor of its own");
  Batched batched(call, spatial);
  const AveragePoolAttributes attributes{pooling(call, batched.x, spatial, 0, 4), call.boolean(5, true)};
  batched.give(call.graph.add(Operator::average_pool, {batched.x}, attributes));
}

/// Where all parts have one size, adaptive pooling is pooling.
bool parts_are_equal(const Shape& from, const Shape& to) {
  for (std::size_t i = 2; i < from.size(); ++i)
    if (to[i] <= 0 || from[i] % to[i] != 0) return false;
  return true;
}

/// The shape that adaptive pooling gives.
Shape adaptive_shape(Call& call, const Shape& from, std::size_t spatial) {
  Shape to{from[0], from[1]};
  const Arguments sizes = call.is<Arguments>(1) ? call.list(1) : Arguments{call[1]};
  if (sizes.size() != 1 && sizes.size() != spatial) call.refuse("sizes of another number");
  for (std::size_t i = 0; i < spatial; ++i) {
    const Argument& size = sizes[sizes.size() == 1 ? 0 : i];
    if (size.given() && !size.is<std::int64_t>()) call.refuse("sizes that are no integers");
    to.push_back(size.given() ? std::get<std::int64_t>(size.value) : from[i + 2]);
  }
  graph::require_moderate(to);
  return to;
}

void adaptive_max(Call& call, std::size_t spatial) {
  Batched batched(call, spatial);
  const Shape from = call.graph.shape(batched.x), to = adaptive_shape(call, from, spatial);
  if (!parts_are_equal(from, to)) call.refuse("parts of different sizes");
  batched.give(call.graph.add(Operator::max_pool, {batched.x}, graph::window_of_parts(from, to)));
}

void adaptive_average(Call& call, std::size_t spatial) {
  Batched batched(call, spatial);
  const Shape from = call.graph.shape(batched.x), to = adaptive_shape(call, from, spatial);
  if (!parts_are_equal(from, to))
    return batched.give(call.graph.add(Operator::adaptive_average_pool, {batched.x}, graph::ShapeAttributes{to}));
  const AveragePoolAttributes attributes{graph::window_of_parts(from, to), true};
  batched.give(call.graph.add(Operator::average_pool, {batched.x}, attributes));
}

}  // namespace

void add_window_rules(Rules& rules) {
  for (std::size_t n = 1; n <= 3; ++n) {
    const std::string d = std::to_string(n) + "d";
    rules["conv" + d] = [n](Call& call) { convolve(call, n, 5, 6); };
    rules["conv_transpose" + d] = [n](Call& call) { transposed(call, n, 5, 6, 7); };
    rules["max_pool" + d] = [n](Call& call) { max_pool(call, n); };
    rules["avg_pool" + d] = [n](Call& call) { average_pool(call, n); };
    rules["adaptive_avg_pool" + d] = rules["_adaptive_avg_pool" + d] = [n](Call& call) { adaptive_average(call, n); };
    rules["adaptive_max_pool" + d] = [n](Call& call) { adaptive_max(call, n); };
  }
  // These give the places of the maxima, too, which nothing can compute with.
  rules["max_pool2d_with_indices"] = [](Call& call) { max_pool(call, 2); };
  rules["max_pool3d_with_indices"] = [](Call& call) { max_pool(call, 3); };
  rules["convolution"] = rules["_convolution"] = convolution;
}

}  // namespace whycam::aten
