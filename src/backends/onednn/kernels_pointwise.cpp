// Kernels that work element by element.
#include "backends/onednn/kernels.h"

#include <algorithm>
#include <cmath>

#include "backends/onednn/parallel.h"

namespace whycam::onednn::kernels {
namespace {

template <Binary Kind>
inline __attribute__((always_inline)) float apply(float a, float b) {
  switch (Kind) {
    case Binary::add:
      return a + b;
    case Binary::subtract:
      return a - b;
    case Binary::multiply:
      return a * b;
    case Binary::divide:
      return a / b;
    case Binary::maximum:
      return a > b || std::isnan(a) ? a : b;
    case Binary::minimum:
      return a < b || std::isnan(a) ? a : b;
  }
  return 0;
}

inline float cut(float x, bool relu) { return relu && x < 0 ? 0.0F : x; }

/// Calls `work` with the kind as a constant.
template <class Work>
void with_kind(Binary kind, const Work& work) {
  switch (kind) {
    case Binary::add:
      return work(std::integral_constant<Binary, Binary::add>());
    case Binary::subtract:
      return work(std::integral_constant<Binary, Binary::subtract>());
    case Binary::multiply:
      return work(std::integral_constant<Binary, Binary::multiply>());
    case Binary::divide:
      return work(std::integral_constant<Binary, Binary::divide>());
    case Binary::maximum:
      return work(std::integral_constant<Binary, Binary::maximum>());
    case Binary::minimum:
      return work(std::integral_constant<Binary, Binary::minimum>());
  }
}

template <bool Shift, bool Relu>
inline __attribute__((always_inline)) void scale_loop(const float* x, const float* scale, const float* shift,
                                                      float* result, std::int64_t rows, std::int64_t block) {
  for (std::int64_t s = 0; s < rows; ++s) {
    WHYCAM_INDEPENDENT
    for (std::int64_t c = 0; c < block; ++c) {
      float y = x[s * block + c] * scale[c];
      if (Shift) y += shift[c];
      if (Relu) y = y < 0 ? 0.0F : y;
      result[s * block + c] = y;
    }
  }
}

/// One channel, as rows of one number are slow.
template <bool Shift, bool Relu>
inline __attribute__((always_inline)) void scale_channel(const float* x, float scale, float shift, float* result,
                                                         std::int64_t count) {
  WHYCAM_INDEPENDENT
  for (std::int64_t s = 0; s < count; ++s) {
    float y = x[s] * scale;
    if (Shift) y += shift;
    if (Relu) y = y < 0 ? 0.0F : y;
    result[s] = y;
  }
}

template <bool Shift, bool Relu>
inline __attribute__((always_inline)) void scale_rows(const float* x, const float* scale, const float* shift,
                                                      float* result, std::int64_t rows, std::int64_t block) {
  if (block == 1)
    scale_channel<Shift, Relu>(x, *scale, Shift ? *shift : 0, result, rows);
  else
    scale_loop<Shift, Relu>(x, scale, shift, result, rows, block);
}

using Rows = void (*)(const float*, const float*, const float*, float*, std::int64_t, std::int64_t);
WHYCAM_HOT void rows_scaled(const float* x, const float* a, const float* b, float* r, std::int64_t n, std::int64_t c) {
  scale_rows<false, false>(x, a, b, r, n, c);
}
WHYCAM_HOT void rows_scaled_relu(const float* x, const float* a, const float* b, float* r, std::int64_t n,
                                 std::int64_t c) {
  scale_rows<false, true>(x, a, b, r, n, c);
}
WHYCAM_HOT void rows_shifted(const float* x, const float* a, const float* b, float* r, std::int64_t n, std::int64_t c) {
  scale_rows<true, false>(x, a, b, r, n, c);
}
WHYCAM_HOT void rows_shifted_relu(const float* x, const float* a, const float* b, float* r, std::int64_t n,
                                  std::int64_t c) {
  scale_rows<true, true>(x, a, b, r, n, c);
}

void scale_all(Rows rows, const float* x, const float* scale, const float* shift, float* result, const Extents& e) {
  for_each_run(e, [&](std::int64_t plane, std::int64_t begin, std::int64_t count) {
    const std::int64_t at = (plane * e.area + begin) * e.block, channel = plane % e.blocks * e.block;
    rows(x + at, scale + channel, shift ? shift + channel : nullptr, result + at, count, e.block);
  });
}

}  // namespace

void binary(Binary kind, const float* a, const float* b, float* result, std::int64_t count, bool relu) {
  with_kind(kind, [&](auto constant) {
    in_parts(count, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) result[i] = cut(apply<decltype(constant)::value>(a[i], b[i]), relu);
    });
  });
}

void binary_rows(Binary kind, const float* a, std::int64_t row_of_a, const float* b, std::int64_t row_of_b,
                 float* result, std::int64_t channels, std::int64_t places, bool relu) {
  with_kind(kind, [&](auto constant) {
    in_parts(places * channels, channels, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t place = begin / channels; place < end / channels; ++place) {
        const float *x = a + place * row_of_a, *y = b + place * row_of_b;
        float* const to = result + place * channels;
        WHYCAM_INDEPENDENT
        for (std::int64_t c = 0; c < channels; ++c) to[c] = cut(apply<decltype(constant)::value>(x[c], y[c]), relu);
      }
    });
  });
}

void binary_per_channel(Binary kind, const float* a, const float* b, bool per_example, bool swapped, float* result,
                        const Extents& e, bool relu) {
  with_kind(kind, [&](auto constant) {
    const auto one = [relu, swapped](float x, float y) {
      return cut(swapped ? apply<decltype(constant)::value>(y, x) : apply<decltype(constant)::value>(x, y), relu);
    };
    for_each_run(e, [&](std::int64_t plane, std::int64_t begin, std::int64_t count) {
      const float* x = a + (plane * e.area + begin) * e.block;
      const float* y = b + (per_example ? plane : plane % e.blocks) * e.block;
      float* to = result + (plane * e.area + begin) * e.block;
      if (e.block == 1) {
        for (std::int64_t s = 0; s < count; ++s) to[s] = one(x[s], *y);
        return;
      }
      for (std::int64_t s = 0; s < count; ++s, x += e.block, to += e.block) {
        WHYCAM_INDEPENDENT
        for (std::int64_t c = 0; c < e.block; ++c) to[c] = one(x[c], y[c]);
      }
    });
  });
}

void binary_broadcast(Binary kind, const float* a, const graph::Integers& steps_a, const float* b,
                      const graph::Integers& steps_b, float* result, const graph::Shape& shape, bool relu) {
  const RowByRow rows(shape);
  const std::int64_t step_a = RowByRow::step(steps_a), step_b = RowByRow::step(steps_b);
  with_kind(kind, [&](auto constant) {
    for_each(rows.count, rows.size, [&](std::int64_t row) {
      const float *of_a = a + rows.place(row, steps_a), *of_b = b + rows.place(row, steps_b);
      for (std::int64_t i = 0; i < rows.size; ++i)
        result[row * rows.size + i] = cut(apply<decltype(constant)::value>(of_a[i * step_a], of_b[i * step_b]), relu);
    });
  });
}

void scale_shift(const float* x, const float* scale, const float* shift, float* result, const Extents& extents,
                 bool relu) {
  scale_all(relu ? rows_shifted_relu : rows_shifted, x, scale, shift, result, extents);
}

void scale(const float* x, const float* scale, float* result, const Extents& extents, bool relu) {
  scale_all(relu ? rows_scaled_relu : rows_scaled, x, scale, nullptr, result, extents);
}

namespace {

float clip(float x, float low, float high) {
  x = x < low ? low : x;
  return x > high ? high : x;
}

template <class Work>
bool with_quantize(float a, float b, const Work& work) {
  constexpr float most = 1 << 20, shift = 3 << 22;  // a number that is added to it has no digits behind the point left
  if (!(std::fabs(a) <= most && std::fabs(b) <= most)) return false;
  const auto whole = [](float x) { return (x + shift) - shift; };
  work([=](float x) { return whole(clip(x, a, b)); },
       [=](float x) {
         const float rounded = whole(clip(x, a - 1, b + 1));
         return rounded >= a && rounded <= b ? 1.0F : 0.0F;
       });
  return true;
}

/// MobileNet v3's.
template <class Work>
bool with_hard_function(graph::Function function, const Work& work) {
  if (function == graph::Function::hardsigmoid)
    work([=](float x) { return clip(x + 3, 0, 6) / 6; }, [](float x) { return x > -3 && x < 3 ? 1.0F / 6 : 0.0F; });
  else if (function == graph::Function::hardswish)
    work([=](float x) { return x * clip(x + 3, 0, 6) / 6; },
         [](float x) { return x < -3   ? 0.0F
                              : x <= 3 ? x / 3 + 0.5F
                                       : 1.0F; });
  else
    return false;
  return true;
}

/// The functions that need no more than arithmetic, in single precision; others go through the graph's record.
template <class Work>
bool with_simple_function(const graph::FunctionAttributes& attributes, const Work& work) {
  using graph::Function;
  const auto a = static_cast<float>(attributes.alpha), b = static_cast<float>(attributes.beta);
  switch (attributes.function) {
    case Function::relu:
      work([](float x) { return x < 0 ? 0.0F : x; }, [](float x) { return x <= 0 ? 0.0F : 1.0F; });
      return true;
    case Function::hardtanh:
      work([=](float x) { return clip(x, a, b); }, [=](float x) { return x <= a || x >= b ? 0.0F : 1.0F; });
      return true;
    case Function::clamp:
      work([=](float x) { return clip(x, a, b); }, [=](float x) { return x >= a && x <= b ? 1.0F : 0.0F; });
      return true;
    case Function::linear:
      work([=](float x) { return a * x + b; }, [=](float) { return a; });
      return true;
    case Function::leaky_relu:
      work([=](float x) { return x > 0 ? x : a * x; }, [=](float x) { return x > 0 ? 1.0F : a; });
      return true;
    case Function::heaviside:
      work([](float x) { return x > 0 ? 1.0F : x == 0 ? 0.5F : 0.0F; }, [](float) { return 0.0F; });
      return true;
    case Function::detach:
      work([](float x) { return x; }, [](float) { return 0.0F; });
      return true;
    case Function::quantize:
      return with_quantize(a, b, work);
    case Function::absolute:
      work([](float x) { return std::fabs(x); }, [](float x) { return static_cast<float>((x > 0) - (x < 0)); });
      return true;
    default:
      return with_hard_function(attributes.function, work);
  }
}

}  // namespace

void unary(const graph::FunctionAttributes& attributes, const float* x, float* result, std::int64_t count) {
  const bool simple = with_simple_function(attributes, [&](const auto& value, const auto&) {
    in_parts(count, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) result[i] = value(x[i]);
    });
  });
  if (simple) return;
  const graph::FunctionRecord& function = graph::record(attributes.function);
  in_parts(count, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      result[i] = static_cast<float>(function.value(x[i], attributes.alpha, attributes.beta));
  });
}

void unary_gradient(const graph::FunctionAttributes& attributes, const float* gradient, const float* x, float* result,
                    std::int64_t count) {
  const bool simple = with_simple_function(attributes, [&](const auto&, const auto& derivative) {
    in_parts(count, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) result[i] = gradient[i] * derivative(x[i]);
    });
  });
  if (simple) return;
  const graph::FunctionRecord& function = graph::record(attributes.function);
  in_parts(count, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      result[i] = static_cast<float>(gradient[i] * function.derivative(x[i], attributes.alpha, attributes.beta));
  });
}

}  // namespace whycam::onednn::kernels
