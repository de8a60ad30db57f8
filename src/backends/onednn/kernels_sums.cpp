// Kernels that sum, and those that copy.
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>

#include "backends/onednn/kernels.h"
#include "backends/onednn/parallel.h"

namespace whycam::onednn::kernels {

void bits_to_blocks(const std::uint16_t* from, std::uint16_t* to, const Extents& e) {
  static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words of bits are read in halves, the lower first");
  for_each(e.batch * e.blocks, e.area, [&](std::int64_t i) {
    const std::int64_t n = i / e.blocks, block = i % e.blocks;
    for (std::int64_t s = 0; s < e.area; ++s) to[i * e.area + s] = from[(n * e.area + s) * e.blocks + block];
  });
}

std::int64_t threads() { return omp_get_max_threads(); }

namespace {

/// sum += factor[0] * row[0] + ... for four rows at once, so that the sum is read and written once for them.
WHYCAM_HOT void add_rows(const float* const* row, const float* factor, float* sum, std::int64_t count) {
  const float *r0 = row[0], *r1 = row[1], *r2 = row[2], *r3 = row[3];
  const float f0 = factor[0], f1 = factor[1], f2 = factor[2], f3 = factor[3];
  WHYCAM_INDEPENDENT
  for (std::int64_t i = 0; i < count; ++i) sum[i] += f0 * r0[i] + f1 * r1[i] + f2 * r2[i] + f3 * r3[i];
}

}  // namespace

void thin_product(const float* a, const float* b, float* result, float* scratch, std::int64_t rows, std::int64_t size,
                  std::int64_t columns) {
  const std::int64_t parts = threads();
#pragma omp parallel for schedule(static)
  for (std::int64_t part = 0; part < parts; ++part) {
    float* own = scratch + part * rows * columns;
    std::fill(own, own + rows * columns, 0.0F);
    const float* waiting[4];
    std::int64_t at[4];
    int count = 0;
    const auto add = [&] {
      for (int i = count; i < 4; ++i) waiting[i] = waiting[0], at[i] = -1;
      for (std::int64_t row = 0; row < rows; ++row) {
        float factor[4];
        for (int i = 0; i < 4; ++i) factor[i] = at[i] < 0 ? 0.0F : a[row * size + at[i]];
        add_rows(waiting, factor, own + row * columns, columns);
      }
      count = 0;
    };
    for (std::int64_t k = size * part / parts; k < size * (part + 1) / parts; ++k) {
      bool any = false;
      for (std::int64_t row = 0; row < rows; ++row) any = any || a[row * size + k] != 0;
      if (!any) continue;
      waiting[count] = b + k * columns;
      at[count++] = k;
      if (count == 4) add();
    }
    if (count > 0) add();
  }
  in_parts(rows * columns, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      float sum = 0;
      for (std::int64_t part = 0; part < parts; ++part) sum += scratch[part * rows * columns + i];
      result[i] = sum;
    }
  });
}

namespace {

double sum_of(const float* x, std::int64_t count) {
  constexpr std::int64_t lanes = 16;  // sums that do not wait for each other
  double sums[lanes] = {}, sum = 0;
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes)
    for (std::int64_t lane = 0; lane < lanes; ++lane) sums[lane] += x[i + lane];
  for (; i < count; ++i) sum += x[i];
  for (const double one : sums) sum += one;
  return sum;
}

}  // namespace

void sum_area(const float* x, float* result, const Extents& e) {
  for_each(e.batch * e.blocks, e.area * e.block, [&](std::int64_t i) {
    const float* from = x + i * e.area * e.block;
    float* to = result + i * e.block;
    if (e.block == 1) {
      to[0] = static_cast<float>(sum_of(from, e.area));
      return;
    }
    std::fill(to, to + e.block, 0.0F);
    for (std::int64_t s = 0; s < e.area; ++s)
      for (std::int64_t c = 0; c < e.block; ++c) to[c] += from[s * e.block + c];
  });
}

void sum_channels(const float* x, float* result, const Extents& e) {
  if (e.blocks == 1)
    return for_each(e.batch * e.area, e.block, [&](std::int64_t place) {
      result[place] = static_cast<float>(sum_of(x + place * e.block, e.block));
    });
  constexpr std::int64_t most = 32, largest_block = 16;  // places whose sums are kept at once
  const std::int64_t parts = quotient_up(e.area, most);
  for_each(e.batch * parts, e.blocks * std::min(e.area, most) * e.block, [&](std::int64_t part) {
    const std::int64_t example = part / parts, begin = part % parts * most, size = std::min(most, e.area - begin);
    double sums[most * largest_block] = {};
    for (std::int64_t k = 0; k < e.blocks; ++k) {
      const float* from = x + ((example * e.blocks + k) * e.area + begin) * e.block;
      for (std::int64_t j = 0; j < size * e.block; ++j) sums[j] += from[j];
    }
    for (std::int64_t s = 0; s < size; ++s) {
      double sum = 0;
      for (std::int64_t c = 0; c < e.block; ++c) sum += sums[s * e.block + c];
      result[example * e.area + begin + s] = static_cast<float>(sum);
    }
  });
}

void fill_area(const float* x, float* result, const Extents& e) {
  for_each_run(e, [&](std::int64_t plane, std::int64_t begin, std::int64_t count) {
    const float* from = x + plane * e.block;
    float* to = result + (plane * e.area + begin) * e.block;
    for (std::int64_t s = 0; s < count; ++s, to += e.block)
      for (std::int64_t c = 0; c < e.block; ++c) to[c] = from[c];
  });
}

namespace {

/// A tensor as outer x count x inner, of which the middle is added up.
struct Middle {
  std::int64_t outer = 1, count = 1, inner = 1;
};

/// Nothing where what is added up does not lie together.
std::optional<Middle> middle_of(const graph::Shape& shape, const graph::Integers& steps) {
  Middle middle;
  bool seen = false, behind = false;
  for (std::size_t d = 0; d < shape.size(); ++d) {
    if (shape[d] == 1) continue;
    const bool summed = steps[d] == 0;
    if (summed && behind) return std::nullopt;
    behind = behind || (seen && !summed);
    seen = seen || summed;
    (summed ? middle.count : seen ? middle.inner : middle.outer) *= shape[d];
  }
  return middle;
}

void sum_middle(const float* x, float* result, const Middle& m) {
  if (m.inner == 1)
    return for_each(m.outer, m.count,
                    [&](std::int64_t i) { result[i] = static_cast<float>(sum_of(x + i * m.count, m.count)); });
  constexpr std::int64_t most = 256;
  const std::int64_t parts = quotient_up(m.inner, most);
  for_each(m.outer * parts, m.count * std::min(m.inner, most), [&](std::int64_t part) {
    const std::int64_t i = part / parts, begin = part % parts * most, size = std::min(most, m.inner - begin);
    double sums[most] = {};
    for (std::int64_t row = 0; row < m.count; ++row) {
      const float* from = x + (i * m.count + row) * m.inner + begin;
      for (std::int64_t k = 0; k < size; ++k) sums[k] += from[k];
    }
    for (std::int64_t k = 0; k < size; ++k) result[i * m.inner + begin + k] = static_cast<float>(sums[k]);
  });
}

}  // namespace

void reduce_sum(const float* x, const graph::Shape& shape, const graph::Integers& steps, float* result,
                std::int64_t results) {
  if (const std::optional<Middle> middle = middle_of(shape, steps)) return sum_middle(x, result, *middle);
  std::vector<double> sums(static_cast<std::size_t>(results), 0.0);
  const RowByRow rows(shape);
  const std::int64_t step = RowByRow::step(steps);
  for (std::int64_t row = 0; row < rows.count; ++row) {
    const std::int64_t at = rows.place(row, steps);
    for (std::int64_t i = 0; i < rows.size; ++i)
      sums[static_cast<std::size_t>(at + i * step)] += x[row * rows.size + i];
  }
  for (std::size_t i = 0; i < sums.size(); ++i) result[i] = static_cast<float>(sums[i]);
}

void gather(const float* x, const graph::Integers& steps, float* result, const graph::Shape& shape) {
  const RowByRow rows(shape);
  const std::int64_t step = RowByRow::step(steps);
  for_each(rows.count, rows.size, [&](std::int64_t row) {
    const float* from = x + rows.place(row, steps);
    for (std::int64_t i = 0; i < rows.size; ++i) result[row * rows.size + i] = from[i * step];
  });
}

void copy_runs(const float* from, std::int64_t from_step, float* to, std::int64_t to_step, std::int64_t run,
               std::int64_t count) {
  if (count >= 4) {
    const std::int64_t at_once = std::max<std::int64_t>(1, grain / std::max<std::int64_t>(run, 1));
    for_each(quotient_up(count, at_once), run * at_once, [&](std::int64_t part) {
      for (std::int64_t i = part * at_once; i < std::min(count, (part + 1) * at_once); ++i)
        std::memcpy(to + i * to_step, from + i * from_step, static_cast<std::size_t>(run) * sizeof(float));
    });
    return;
  }
  for (std::int64_t i = 0; i < count; ++i)
    in_parts(run, 1, [&](std::int64_t begin, std::int64_t end) {
      std::memcpy(to + i * to_step + begin, from + i * from_step + begin,
                  static_cast<std::size_t>(end - begin) * sizeof(float));
    });
}

void fill(float* to, float value, std::int64_t count) {
  in_parts(count, 1, [&](std::int64_t begin, std::int64_t end) { std::fill(to + begin, to + end, value); });
}

void softmax(const float* x, float* result, std::int64_t outer, std::int64_t size, std::int64_t inner, bool logarithm) {
  for_each(outer * inner, size * 8, [&](std::int64_t i) {
    const std::int64_t at = i / inner * size * inner + i % inner;
    float largest = -INFINITY;
    for (std::int64_t k = 0; k < size; ++k) largest = std::fmax(largest, x[at + k * inner]);
    double sum = 0;
    for (std::int64_t k = 0; k < size; ++k) sum += std::exp(static_cast<double>(x[at + k * inner] - largest));
    for (std::int64_t k = 0; k < size; ++k) {
      const double apart = x[at + k * inner] - largest;
      result[at + k * inner] = static_cast<float>(logarithm ? apart - std::log(sum) : std::exp(apart) / sum);
    }
  });
}

namespace {

struct Moments {
  Moments(const float* x, std::int64_t size, double epsilon) {
    double sum = 0, squares = 0;
    for (std::int64_t i = 0; i < size; ++i) sum += x[i];
    mean = sum / static_cast<double>(size);
    for (std::int64_t i = 0; i < size; ++i) squares += (x[i] - mean) * (x[i] - mean);
    scale = 1 / std::sqrt(squares / static_cast<double>(size) + epsilon);
  }
  double mean, scale;
};

}  // namespace

void normalize(const float* x, float* result, std::int64_t rows, std::int64_t size, double epsilon) {
  for_each(rows, size, [&](std::int64_t row) {
    const Moments moments(x + row * size, size, epsilon);
    for (std::int64_t i = row * size; i < (row + 1) * size; ++i)
      result[i] = static_cast<float>((x[i] - moments.mean) * moments.scale);
  });
}

void normalize_gradient(const float* gradient, const float* x, float* result, std::int64_t rows, std::int64_t size,
                        double epsilon) {
  for_each(rows, size, [&](std::int64_t row) {
    const Moments moments(x + row * size, size, epsilon);
    double mean = 0, mean_with_y = 0;
    for (std::int64_t i = row * size; i < (row + 1) * size; ++i) {
      mean += gradient[i];
      mean_with_y += gradient[i] * (x[i] - moments.mean) * moments.scale;
    }
    mean /= static_cast<double>(size);
    mean_with_y /= static_cast<double>(size);
    for (std::int64_t i = row * size; i < (row + 1) * size; ++i)
      result[i] = static_cast<float>(moments.scale *
                                     (gradient[i] - mean - (x[i] - moments.mean) * moments.scale * mean_with_y));
  });
}

namespace {

/// The part of x that a window covers, and what its sum is divided by.
struct Covered {
  std::int64_t begin[3] = {0, 0, 0}, end[3] = {1, 1, 1}, step[3] = {1, 1, 1}, size[3] = {1, 1, 1};
  double divisor = 1;
};

/// For place i of y; without a window, y divides x into parts as equal as they can be.
Covered covered_by(std::int64_t i, const graph::Shape& area_x, const graph::Shape& area_y,
                   const graph::AveragePoolAttributes* window) {
  Covered part;
  for (std::size_t d = area_x.size(); d-- > 0; i /= area_y[d]) {
    const std::int64_t at = i % area_y[d];
    part.size[d] = area_x[d];
    std::int64_t count = 0;
    if (window) {
      const std::int64_t first = at * window->strides[d] - window->padding_begin[d];
      const std::int64_t step = part.step[d] = window->dilation[d];
      const std::int64_t last =
          std::min(first + (window->kernel[d] - 1) * step + 1, area_x[d] + window->padding_end[d]);
      part.begin[d] = first < 0 ? first + quotient_up(-first, step) * step : first;
      part.end[d] = std::min(last, area_x[d]);
      count = quotient_up(window->count_padding ? last - first : part.end[d] - part.begin[d], step);
    } else {
      part.begin[d] = at * area_x[d] / area_y[d];
      part.end[d] = quotient_up((at + 1) * area_x[d], area_y[d]);
      count = part.end[d] - part.begin[d];
    }
    part.divisor *= static_cast<double>(count);
  }
  return part;
}

}  // namespace

void average_pool(const float* x, const graph::Shape& x_shape, float* y, const graph::Shape& y_shape,
                  const graph::AveragePoolAttributes* window, bool gradient) {
  const graph::Shape area_x(x_shape.begin() + 2, x_shape.end()), area_y(y_shape.begin() + 2, y_shape.end());
  const std::int64_t size_x = graph::element_count(area_x), size_y = graph::element_count(area_y);
  // For the gradient, y is read and x (which is `y` of the call) is written; the places are the same.
  for_each(x_shape[0] * x_shape[1], size_x, [&](std::int64_t plane) {
    const float* from = gradient ? x + plane * size_y : x + plane * size_x;
    float* to = gradient ? y + plane * size_x : y + plane * size_y;
    if (gradient) std::fill(to, to + size_x, 0.0F);
    for (std::int64_t i = 0; i < size_y; ++i) {
      const Covered part = covered_by(i, area_x, area_y, window);
      double sum = 0;
      const auto share = static_cast<float>((gradient ? from[i] : 0) / part.divisor);
      for (std::int64_t p = part.begin[0]; p < part.end[0]; p += part.step[0])
        for (std::int64_t q = part.begin[1]; q < part.end[1]; q += part.step[1])
          for (std::int64_t r = part.begin[2]; r < part.end[2]; r += part.step[2]) {
            const std::int64_t at = (p * part.size[1] + q) * part.size[2] + r;
            if (gradient)
              to[at] += share;
            else
              sum += from[at];
          }
      if (!gradient) to[i] = static_cast<float>(sum / part.divisor);
    }
  });
}

}  // namespace whycam::onednn::kernels
