#include "backends/onednn/api.h"

#include <algorithm>
#include <limits>

#include "backends/backend.h"
#include "backends/onednn/versions.h"
#include "graph/operators.h"

namespace whycam::onednn {
namespace {

using dnnl::algorithm;
using dnnl::memory;
using dnnl::prop_kind;
using graph::ConvolutionAttributes;
using graph::Function;
using graph::FunctionAttributes;
using graph::Integers;
using graph::PoolingAttributes;
using graph::Shape;
using tag = memory::format_tag;

constexpr auto f32 = memory::data_type::f32;

dnnl::primitive_attr attributes_of(After after) {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  dnnl::post_ops post;
  if (after.add_to_destination) post.append_sum(1.0F);
  if (after.relu && after.limit > 0)
    append_elementwise(post, algorithm::eltwise_clip, 0.0F, static_cast<float>(after.limit));
  else if (after.relu)
    append_elementwise(post, algorithm::eltwise_relu, 0.0F, 0.0F);
  attr.set_post_ops(post);
  return attr;
}

/// oneDNN counts the gaps.
Integers gaps(const Integers& dilation) {
  Integers result = dilation;
  for (std::int64_t& step : result) --step;
  return result;
}

/// The padding behind with which the windows end exactly at the last one.
Integers padding_behind(const Shape& x, const Shape& y, const Integers& kernel, const graph::WindowAttributes& a) {
  Integers result;
  for (std::size_t i = 0; i < kernel.size(); ++i)
    result.push_back((y[i + 2] - 1) * a.strides[i] + (kernel[i] - 1) * a.dilation[i] + 1 - x[i + 2] -
                     a.padding_begin[i]);
  return result;
}

Integers kernel_of(const Shape& weights, const Shape& x) {
  return {weights.end() - (static_cast<std::ptrdiff_t>(x.size()) - 2), weights.end()};
}

/// What a description of oneDNN's comes to; its caller says what it takes and gives.
template <class Primitive, class Description>
Operation finished(const Description& pd) {
  Operation operation;
  operation.make = [pd] { return Primitive(pd); };
  operation.scratch = pd.scratchpad_desc().get_size();
  const std::string_view implementation = pd.impl_info_str();
  operation.made_to_measure = implementation.rfind("jit", 0) == 0 || implementation.rfind("brg", 0) == 0;
  return operation;
}

/// The same for what reads a source and weights and gives a destination, forward.
template <class Primitive, class Description>
Operation finished_forward(const Description& pd) {
  Operation operation = finished<Primitive>(pd);
  operation.source = pd.src_desc();
  operation.weights = pd.weights_desc();
  operation.destination = pd.dst_desc();
  return operation;
}

struct FunctionName {
  algorithm kind;
  float alpha, beta;
};

std::optional<FunctionName> named(const FunctionAttributes& a) {
  switch (a.function) {
    case Function::sigmoid:
      return FunctionName{algorithm::eltwise_logistic, 0, 0};
    case Function::tanh:
      return FunctionName{algorithm::eltwise_tanh, 0, 0};
    case Function::exp:
      return FunctionName{algorithm::eltwise_exp, 0, 0};
    case Function::log:
      return FunctionName{algorithm::eltwise_log, 0, 0};
    case Function::gelu:
      return FunctionName{algorithm::eltwise_gelu_erf, 0, 0};
    case Function::gelu_tanh:
      return FunctionName{algorithm::eltwise_gelu_tanh, 0, 0};
    case Function::silu:
      return FunctionName{algorithm::eltwise_swish, 1, 0};
    case Function::mish:
      return FunctionName{algorithm::eltwise_mish, 0, 0};
    case Function::elu:
      return FunctionName{algorithm::eltwise_elu, static_cast<float>(a.alpha), 0};
    default:
      return std::nullopt;
  }
}

}  // namespace

const dnnl::engine& cpu() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

bool is_the_right_onednn() {
  return dnnl_version()->major == DNNL_VERSION_MAJOR && dnnl_version()->minor == DNNL_VERSION_MINOR;
}

namespace {

/// oneDNN takes sizes in 64 bits and multiplies some of them in 32.
constexpr std::int64_t most_numbers = std::numeric_limits<std::int32_t>::max();
/// Its code generators go through what lies in the padding step by step.
constexpr std::int64_t furthest = 1 << 16;

void require_bearable(const Shape& shape) {
  if (graph::element_count(shape) > most_numbers)
    throw backends::CannotPlan("a tensor of " + graph::to_string(shape) + ", more than 2^31 - 1 numbers");
}

void require_bearable_window(const Integers& kernel, const graph::WindowAttributes& a, const Integers& behind) {
  double places = 1;
  for (std::size_t i = 0; i < kernel.size(); ++i) {
    places *= static_cast<double>(kernel[i]);
    const bool far = a.dilation[i] > 1 && a.dilation[i] * (kernel[i] - 1) > furthest;
    if (far || a.padding_begin[i] > furthest || behind[i] > furthest)
      throw backends::CannotPlan("a window that reaches further than 65536 places: a kernel of " +
                                 graph::to_string(kernel) + ", dilation of " + graph::to_string(a.dilation) +
                                 " and padding of " + graph::to_string(a.padding_begin));
  }
  if (places > static_cast<double>(most_numbers))
    throw backends::CannotPlan("a window of " + graph::to_string(kernel) + ", more than 2^31 - 1 places");
}

/// Where there is one window, its step means nothing; oneDNN would multiply by it, but wants it longer than what is
/// cut off behind.
Integers steps(const Shape& y, const graph::WindowAttributes& a, const Integers& behind) {
  Integers strides = a.strides;
  for (std::size_t i = 0; i < strides.size(); ++i)
    if (y[i + 2] == 1) strides[i] = std::min(strides[i], std::max<std::int64_t>(0, -behind[i]) + 1);
  return strides;
}

}  // namespace

memory::desc strided(const Shape& shape, const Integers& strides) {
  require_bearable(shape);
  return shape.empty() ? memory::desc({1}, f32, memory::dims{1}) : memory::desc(shape, f32, strides);
}

namespace {

memory::desc channels_last(const Shape& shape, Type type) {
  require_bearable(shape);
  return {shape, type, shape.size() == 3 ? tag::nwc : shape.size() == 4 ? tag::nhwc : tag::ndhwc};
}

}  // namespace

memory::desc description(const Shape& shape, Layout layout, Type type) {
  require_bearable(shape);
  if (shape.empty()) return {{1}, type, memory::dims{1}};
  if (layout.block == 1 || shape.size() < 3) return {shape, type, graph::strides_of(shape)};
  const std::size_t n = shape.size() - 3;  // spatial dimensions less one
  if (layout.block == 16) return {shape, type, n == 0 ? tag::nCw16c : n == 1 ? tag::nChw16c : tag::nCdhw16c};
  if (layout.block == 8) return {shape, type, n == 0 ? tag::nCw8c : n == 1 ? tag::nChw8c : tag::nCdhw8c};
  return channels_last(shape, type);
}

memory::desc row_major(const memory::desc& of) { return description(dims_of(of), {}); }

memory::desc any_description(const Shape& shape, Type type) {
  require_bearable(shape);
  return {shape, type, tag::any};
}

std::optional<Layout> layout_of(const memory::desc& description, const Shape& shape) {
  const Type type = type_of(description);
  for (const std::int64_t block : {1, 16, 8})
    if (description == onednn::description(shape, {block}, type)) return Layout{block};
  // oneDNN holds 16 channels in blocks of 16 and 16 channels last for two things; they are one.
  if (shape.size() > 2 && description == channels_last(shape, type)) return Layout{shape[1]};
  return std::nullopt;
}

std::optional<std::vector<Integers>> places_of(const memory::desc& description) {
  if (!is_blocked(description) || type_of(description) != f32) return std::nullopt;
  const Blocking blocking = blocking_of(description);
  const memory::dims dims = dims_of(description);
  std::vector<Integers> places;
  for (std::size_t dimension = 0; dimension < dims.size(); ++dimension) {
    Integers& of_dimension = places.emplace_back();
    std::int64_t whole = 1;
    for (std::size_t block = 0; block < blocking.block_sizes.size(); ++block)
      if (blocking.block_dimensions[block] == static_cast<std::int64_t>(dimension))
        whole *= blocking.block_sizes[block];
    const std::int64_t count = (dims[dimension] + whole - 1) / whole * whole;
    for (std::int64_t index = 0; index < count; ++index) {
      std::int64_t place = 0, outer = index, step = 1;
      for (std::size_t block = blocking.block_sizes.size(); block-- > 0;
           step *= blocking.block_sizes[block]) {  // from the innermost
        if (blocking.block_dimensions[block] != static_cast<std::int64_t>(dimension)) continue;
        place += outer % blocking.block_sizes[block] * step;
        outer /= blocking.block_sizes[block];
      }
      of_dimension.push_back(place + outer * blocking.strides[dimension]);
    }
  }
  return places;
}

namespace {

memory::desc ordered(const Shape& shape, Order order, Type type = f32) {
  switch (order) {
    case Order::row_major:
      return description(shape, {}, type);
    case Order::channels_last:
      return channels_last(shape, type);
    case Order::best:
      break;
  }
  return any_description(shape, type);
}

memory::desc bias_description(const Shape& y, bool with_bias) {
  return with_bias ? memory::desc({y[1]}, f32, tag::a) : memory::desc();
}

}  // namespace

Operation convolution(const Shape& x, const Shape& weights, const Shape& y, const ConvolutionAttributes& a,
                      bool with_bias, After after, Order order, Type type) {
  const Integers kernel = kernel_of(weights, x), behind = padding_behind(x, y, kernel, a);
  require_bearable_window(kernel, a, behind);
  return finished_forward<dnnl::convolution_forward>(implementation<dnnl::convolution_forward>(
      cpu(), attributes_of(after), prop_kind::forward_inference, algorithm::convolution_direct, ordered(x, order, type),
      any_description(weights, type), bias_description(y, with_bias), ordered(y, order), steps(y, a, behind),
      gaps(a.dilation), a.padding_begin, behind));
}

Operation convolution_transpose(const Shape& y, const Shape& weights, const Shape& x, const ConvolutionAttributes& a,
                                Order order, Type type) {
  const Integers kernel = kernel_of(weights, x), behind = padding_behind(x, y, kernel, a);
  require_bearable_window(kernel, a, behind);
  const auto forward = implementation<dnnl::convolution_forward>(
      cpu(), dnnl::primitive_attr(), prop_kind::forward_training, algorithm::convolution_direct,
      ordered(x, order, type), any_description(weights, type), ordered(y, order, type), steps(y, a, behind),
      gaps(a.dilation), a.padding_begin, behind);
  const auto pd = gradient_implementation<dnnl::convolution_backward_data>(
      cpu(), attributes_of({}), forward, algorithm::convolution_direct, ordered(x, order),
      any_description(weights, type), ordered(y, order, type), steps(y, a, behind), gaps(a.dilation), a.padding_begin,
      behind);
  Operation operation = finished<dnnl::convolution_backward_data>(pd);
  operation.source = pd.diff_dst_desc();
  operation.weights = pd.weights_desc();
  operation.destination = pd.diff_src_desc();
  return operation;
}

Operation Convolutions::forward(const Shape& x, const Shape& weights, const Shape& y, const ConvolutionAttributes& a,
                                bool with_bias, After after, Order order, Type type) {
  const Key key{x,
                weights,
                y,
                a.strides,
                a.dilation,
                a.padding_begin,
                a.padding_end,
                a.groups,
                with_bias,
                after.add_to_destination,
                after.relu,
                after.limit,
                order,
                type};
  const auto known = forward_.find(key);
  if (known != forward_.end()) return known->second;
  return forward_[key] = convolution(x, weights, y, a, with_bias, after, order, type);
}

Operation Convolutions::transpose(const Shape& y, const Shape& weights, const Shape& x, const ConvolutionAttributes& a,
                                  Order order, Type type) {
  const Key key{y,        weights, x,     a.strides, a.dilation, a.padding_begin, a.padding_end,
                a.groups, false,   false, false,     0,          order,           type};
  const auto known = transposed_.find(key);
  if (known != transposed_.end()) return known->second;
  return transposed_[key] = convolution_transpose(y, weights, x, a, order, type);
}

Operation matrix_product(const memory::desc& a, const memory::desc& b, const memory::desc& result, bool with_bias,
                         After after) {
  if (!with_bias)
    return finished_forward<dnnl::matmul>(implementation<dnnl::matmul>(cpu(), attributes_of(after), a, b, result));
  Shape bias(dims_of(result).size(), 1);
  bias.back() = dims_of(result).back();
  return finished_forward<dnnl::matmul>(
      implementation<dnnl::matmul>(cpu(), attributes_of(after), a, b, description(bias, {}), result));
}

namespace {

PoolingForward::primitive_desc pooling_forward(const Shape& x, Layout layout, const Shape& y,
                                               const PoolingAttributes& a, algorithm kind, bool training) {
  const Integers behind = padding_behind(x, y, a.kernel, a);
  require_bearable_window(a.kernel, a, behind);
  return implementation<PoolingForward>(cpu(), attributes_of({}),
                                        training ? prop_kind::forward_training : prop_kind::forward_inference, kind,
                                        description(x, layout), description(y, layout), steps(y, a, behind), a.kernel,
                                        gaps(a.dilation), a.padding_begin, behind);
}

}  // namespace

Operation pooling(const Shape& x, Layout layout, const Shape& y, const PoolingAttributes& a, algorithm kind,
                  bool positions) {
  const auto pd = pooling_forward(x, layout, y, a, kind, positions);
  Operation operation = finished<PoolingForward>(pd);
  operation.source = pd.src_desc();
  operation.destination = pd.dst_desc();
  if (positions) operation.workspace = pd.workspace_desc();
  return operation;
}

Operation pooling_gradient(const Shape& y, const Shape& x, Layout layout, const PoolingAttributes& a, algorithm kind) {
  const Integers behind = padding_behind(x, y, a.kernel, a);
  const auto pd = gradient_implementation<PoolingBackward>(
      cpu(), attributes_of({}), pooling_forward(x, layout, y, a, kind, true), kind, description(x, layout),
      description(y, layout), steps(y, a, behind), a.kernel, gaps(a.dilation), a.padding_begin, behind);
  Operation operation = finished<PoolingBackward>(pd);
  operation.source = pd.diff_dst_desc();
  operation.destination = pd.diff_src_desc();
  if (kind == algorithm::pooling_max) operation.workspace = pd.workspace_desc();
  return operation;
}

std::optional<Operation> elementwise(const FunctionAttributes& a, const memory::desc& x) {
  const auto name = named(a);
  if (!name) return std::nullopt;
  Operation operation = finished<dnnl::eltwise_forward>(elementwise_implementation(
      cpu(), attributes_of({}), prop_kind::forward_inference, name->kind, x, name->alpha, name->beta));
  operation.source = operation.destination = x;
  return operation;
}

std::optional<Operation> elementwise_gradient(const FunctionAttributes& a, const memory::desc& x) {
  const auto name = named(a);
  if (!name) return std::nullopt;
  const auto forward = elementwise_implementation(cpu(), dnnl::primitive_attr(), prop_kind::forward_training,
                                                  name->kind, x, name->alpha, name->beta);
  Operation operation = finished<dnnl::eltwise_backward>(
      elementwise_gradient_implementation(cpu(), attributes_of({}), forward, name->kind, x, name->alpha, name->beta));
  operation.source = operation.weights = operation.destination = x;
  return operation;
}

Operation reorder(const memory::desc& from, const memory::desc& to) {
  const dnnl::reorder::primitive_desc pd(cpu(), from, cpu(), to, attributes_of({}));
  Operation operation = finished<dnnl::reorder>(pd);
  operation.source = from;
  operation.destination = to;
  return operation;
}

}  // namespace whycam::onednn
