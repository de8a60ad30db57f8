// All that differs between versions 2 and 3 of oneDNN. Version 2 describes an operation first and then looks for an
// implementation of the description; version 3 does both at once, and hides what a memory description holds.
#pragma once

#include <cstdint>

#include "backends/onednn/onednn.h"

namespace whycam::onednn {

/// The order of a blocked description: a number's place is the sum of what its blocks and its strides add.
struct Blocking {
  dnnl::memory::dims strides, block_sizes, block_dimensions;
};

#if DNNL_VERSION_MAJOR >= 3

/// Whether oneDNN divides by what it computes of the sizes of caches; see processor.h.
constexpr bool divides_by_cache_sizes = true;

using PoolingForward = dnnl::pooling_forward;
using PoolingBackward = dnnl::pooling_backward;

/// oneDNN's implementation of the operation that has these arguments; throws where there is none.
template <class Primitive, class... Arguments>
typename Primitive::primitive_desc implementation(const dnnl::engine& engine, const dnnl::primitive_attr& attr,
                                                  const Arguments&... arguments) {
  return {engine, arguments..., attr};
}

/// The same for an operation that is the gradient of another.
template <class Primitive, class Forward, class... Arguments>
typename Primitive::primitive_desc gradient_implementation(const dnnl::engine& engine, const dnnl::primitive_attr& attr,
                                                           const Forward& forward, const Arguments&... arguments) {
  return {engine, arguments..., forward, attr};
}

inline auto elementwise_implementation(const dnnl::engine& engine, const dnnl::primitive_attr& attr,
                                       dnnl::prop_kind kind, dnnl::algorithm algorithm, const dnnl::memory::desc& x,
                                       float alpha, float beta) {
  return implementation<dnnl::eltwise_forward>(engine, attr, kind, algorithm, x, x, alpha, beta);
}

inline auto elementwise_gradient_implementation(const dnnl::engine& engine, const dnnl::primitive_attr& attr,
                                                const dnnl::eltwise_forward::primitive_desc& forward,
                                                dnnl::algorithm algorithm, const dnnl::memory::desc& x, float alpha,
                                                float beta) {
  return gradient_implementation<dnnl::eltwise_backward>(engine, attr, forward, algorithm, x, x, x, alpha, beta);
}

inline void append_elementwise(dnnl::post_ops& post, dnnl::algorithm algorithm, float alpha, float beta) {
  post.append_eltwise(algorithm, alpha, beta);
}

inline dnnl::memory::dims dims_of(const dnnl::memory::desc& description) { return description.get_dims(); }
inline dnnl::memory::data_type type_of(const dnnl::memory::desc& description) { return description.get_data_type(); }

/// The order of several matrices, each rows x columns in multiples of 16, which products by them like best. Where it
/// may be any, version 3 fills the columns up to 64, and computes with all.
inline dnnl::memory::desc factors(const dnnl::memory::dims& shape) {
  using tag = dnnl::memory::format_tag;
  const auto is_in = [&](std::int64_t block) { return shape[2] % block == 0; };
  return {shape, dnnl::memory::data_type::f32,
          is_in(64)   ? tag::aCB16b64c
          : is_in(48) ? tag::aCB16b48c
          : is_in(32) ? tag::aCB16b32c
                      : tag::aCB16b16c};
}

/// Whether strides and blocks say all of a description of floating-point numbers.
inline bool is_blocked(const dnnl::memory::desc& description) {
  // Of floating-point numbers there are no descriptions that ask for more, such as sums beside the numbers.
  const auto type = description.get_data_type();
  return description.get_format_kind() == dnnl::memory::format_kind::blocked &&
         (type == dnnl::memory::data_type::f32 || type == dnnl::memory::data_type::bf16) &&
         description.get_submemory_offset() == 0;
}

inline Blocking blocking_of(const dnnl::memory::desc& description) {
  return {description.get_strides(), description.get_inner_blks(), description.get_inner_idxs()};
}

#else

constexpr bool divides_by_cache_sizes = false;

using PoolingForward = dnnl::pooling_v2_forward;
using PoolingBackward = dnnl::pooling_v2_backward;

template <class Primitive, class... Arguments>
typename Primitive::primitive_desc implementation(const dnnl::engine& engine, const dnnl::primitive_attr& attr,
                                                  const Arguments&... arguments) {
  return {typename Primitive::desc(arguments...), attr, engine};
}

template <class Primitive, class Forward, class... Arguments>
typename Primitive::primitive_desc gradient_implementation(const dnnl::engine& engine, const dnnl::primitive_attr& attr,
                                                           const Forward& forward, const Arguments&... arguments) {
  return {typename Primitive::desc(arguments...), attr, engine, forward};
}

inline auto elementwise_implementation(const dnnl::engine& engine, const dnnl::primitive_attr& attr,
                                       dnnl::prop_kind kind, dnnl::algorithm algorithm, const dnnl::memory::desc& x,
                                       float alpha, float beta) {
  return implementation<dnnl::eltwise_forward>(engine, attr, kind, algorithm, x, alpha, beta);
}

inline auto elementwise_gradient_implementation(const dnnl::engine& engine, const dnnl::primitive_attr& attr,
                                                const dnnl::eltwise_forward::primitive_desc& forward,
                                                dnnl::algorithm algorithm, const dnnl::memory::desc& x, float alpha,
                                                float beta) {
  return gradient_implementation<dnnl::eltwise_backward>(engine, attr, forward, algorithm, x, x, alpha, beta);
}

inline void append_elementwise(dnnl::post_ops& post, dnnl::algorithm algorithm, float alpha, float beta) {
  post.append_eltwise(1.0F, algorithm, alpha, beta);
}

inline dnnl::memory::desc factors(const dnnl::memory::dims& shape) {
  return {shape, dnnl::memory::data_type::f32, dnnl::memory::format_tag::any};
}

inline dnnl::memory::dims dims_of(const dnnl::memory::desc& description) { return description.dims(); }
inline dnnl::memory::data_type type_of(const dnnl::memory::desc& description) { return description.data_type(); }

inline bool is_blocked(const dnnl::memory::desc& description) {
  const dnnl_memory_desc_t& data = description.data;
  return data.format_kind == dnnl_blocked && (data.data_type == dnnl_f32 || data.data_type == dnnl_bf16) &&
         data.offset0 == 0 && data.extra.flags == dnnl_memory_extra_flag_none;
}

inline Blocking blocking_of(const dnnl::memory::desc& description) {
  const dnnl_blocking_desc_t& blocking = description.data.format_desc.blocking;
  const auto copy = [](const dnnl_dim_t* from, int count) { return dnnl::memory::dims(from, from + count); };
  return {copy(blocking.strides, description.data.ndims), copy(blocking.inner_blks, blocking.inner_nblks),
          copy(blocking.inner_idxs, blocking.inner_nblks)};
}

#endif

}  // namespace whycam::onednn
