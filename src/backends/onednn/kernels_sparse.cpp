// Products that leave zeros out.
#include <algorithm>
#include <vector>

#include "backends/onednn/kernels.h"
#include "backends/onednn/parallel.h"
#include "backends/onednn/vectors.h"

namespace whycam::onednn::kernels {
namespace {

constexpr int at_once = 4;  // rows, whose sums stay in registers

/// What of a column is other than 0 in any of the rows.
void find_columns(const float* const* rows, std::int64_t size, std::vector<std::int64_t>& found) {
  found.clear();
  const std::int64_t whole = size / lanes;
  for (std::int64_t group = 0; group < whole; ++group) {
    unsigned bits = 0;
    for (int r = 0; r < at_once; ++r) {
      std::uint16_t of_row;
      find_others_than_0(rows[r] + group * lanes, &of_row, 1);
      bits |= of_row;
    }
    for (; bits != 0; bits &= bits - 1) found.push_back(group * lanes + __builtin_ctz(bits));
  }
  for (std::int64_t k = whole * lanes; k < size; ++k)
    if (std::any_of(rows, rows + at_once, [k](const float* row) { return row[k] != 0; })) found.push_back(k);
}

/// 16 * Vectors numbers of each row's result.
template <int Vectors>
inline __attribute__((always_inline)) void sum_vectors(const float* const* rows, const std::int64_t* found,
                                                       std::size_t count, const float* b, std::int64_t columns,
                                                       float* const* results) {
  Vector sums[at_once][Vectors] = {};
  for (std::size_t i = 0; i < count; ++i) {
    const float* const numbers = b + found[i] * columns;
    for (int v = 0; v < Vectors; ++v) {
      const Vector vector_of_b = vector(numbers + v * lanes);
      for (int r = 0; r < at_once; ++r) sums[r][v] += rows[r][found[i]] * vector_of_b;
    }
  }
  for (int r = 0; r < at_once; ++r)
    for (int v = 0; v < Vectors; ++v) vector(results[r] + v * lanes) = sums[r][v];
}

WHYCAM_HOT void sum_rows(const float* const* rows, const std::int64_t* found, std::size_t count, const float* b,
                         std::int64_t columns, float* const* results) {
  constexpr std::int64_t most = 4;
  std::int64_t c = 0;
  float* to[at_once];
  for (; c + most * lanes <= columns; c += most * lanes) {
    for (int r = 0; r < at_once; ++r) to[r] = results[r] + c;
    sum_vectors<most>(rows, found, count, b + c, columns, to);
  }
  for (; c + lanes <= columns; c += lanes) {
    for (int r = 0; r < at_once; ++r) to[r] = results[r] + c;
    sum_vectors<1>(rows, found, count, b + c, columns, to);
  }
  for (; c < columns; ++c)
    for (int r = 0; r < at_once; ++r) {
      float sum = 0;
      for (std::size_t i = 0; i < count; ++i) sum += rows[r][found[i]] * b[found[i] * columns + c];
      results[r][c] = sum;
    }
}

}  // namespace

void sparse_product(const float* a, const float* b, float* result, std::int64_t rows, std::int64_t size,
                    std::int64_t columns) {
  for_each(quotient_up(rows, at_once), at_once * std::max(size, columns), [&](std::int64_t i) {
    const float* of_a[at_once];
    float* to[at_once];
    for (int r = 0; r < at_once; ++r) {
      const std::int64_t row = std::min(i * at_once + r, rows - 1);  // the last one again, where there are no more
      of_a[r] = a + row * size;
      to[r] = result + row * columns;
    }
    thread_local std::vector<std::int64_t> found;
    find_columns(of_a, size, found);
    sum_rows(of_a, found.data(), found.size(), b, columns, to);
  });
}

}  // namespace whycam::onednn::kernels
