// Loops of our own, for what oneDNN has no primitive for or is slower at. All run on several threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "backends/onednn/layout.h"
#include "graph/graph.h"

namespace whycam::onednn::kernels {

/// One bit an element, in the order in which the elements lie: words of 32.
using Word = std::uint32_t;
constexpr std::int64_t word_bits = 32;
inline std::int64_t words(std::int64_t elements) { return (elements + word_bits - 1) / word_bits; }

/// Sets the bits of elements that lie between low and high, or are NaN.
void inside(const float* x, float low, float high, Word* bits, std::int64_t count);

/// Bits of channels-last elements in the order of blocks of 16 channels, whose extents are given.
void bits_to_blocks(const std::uint16_t* from, std::uint16_t* to, const Extents& extents);

/// The sum of the gradients, one to three, where the bit is set, else 0; `relu` sets negative sums to 0. `result` may
/// be a gradient.
constexpr std::size_t most_gradients = 3;
void gate(const Word* bits, const float* const* gradients, std::size_t number, float* result, std::int64_t count,
          bool relu);

/// The same of gradients with channels last, a multiple of 16, whose places lie `row` numbers apart.
struct GradientRows {
  const float* first;
  std::int64_t row;
};
void gate_rows(const std::uint16_t* bits, const GradientRows* gradients, std::size_t number, float* result,
               std::int64_t channels, std::int64_t places, bool relu);

enum class Binary { add, subtract, multiply, divide, maximum, minimum };

/// Element by element, `result` may be an operand.
void binary(Binary kind, const float* a, const float* b, float* result, std::int64_t count, bool relu);

/// The same with channels last, whose places lie so many numbers apart in the operands.
void binary_rows(Binary kind, const float* a, std::int64_t row_of_a, const float* b, std::int64_t row_of_b,
                 float* result, std::int64_t channels, std::int64_t places, bool relu);

/// a with one number of b for each channel, or for each example and channel; `swapped`: b comes first.
void binary_per_channel(Binary kind, const float* a, const float* b, bool per_example, bool swapped, float* result,
                        const Extents& extents, bool relu);

/// Work in parts, each of which any thread may do at any time; each runs on the thread that calls.
struct Parts {
  std::int64_t count;
  std::function<void(std::int64_t part)> work;
};
/// On the thread that calls.
void do_all(const Parts& parts);

/// Of 16 rows that begin `step` numbers apart: number i of each, side by side at to + places[i]. So many numbers can be
/// read from `from` on. On the thread that calls.
void put_side_by_side(const float* from, std::int64_t step, std::int64_t readable, const std::int64_t* places,
                      std::int64_t count, float* to);

/// Whether places follow each other, 16 at a time.
bool follow_each_other(const graph::Integers& places);

/// Where weights O x I x taps of a convolution go: the sum of what row, column and tap say. `numbers` are all. Rows and
/// columns may be more than the weights have; what is left of them and of all numbers is 0.
struct WeightPlaces {
  graph::Integers rows, columns, taps;
  std::int64_t row_count, column_count;  ///< of the weights
  std::int64_t numbers;
};

/// Puts weights in row-major order into another order, each row times its scale; empty scales are 1.
Parts pack_weights(const float* from, WeightPlaces places, std::vector<double> scales, float* to);
/// Back into row-major order.
void unpack_weights(const float* from, const WeightPlaces& places, float* to);

/// Few rows by a constant matrix: result = a (rows x size) * b (size x columns). Where a column of a is 0 throughout,
/// as behind guided ReLUs most are, the matrix's row is not even read. `scratch`: rows x columns numbers for each
/// thread.
void thin_product(const float* a, const float* b, float* result, float* scratch, std::int64_t rows, std::int64_t size,
                  std::int64_t columns);
std::int64_t threads();

/// A bit for each number other than 0, for groups of 16; on the thread that calls.
void find_others_than_0(const float* x, std::uint16_t* bits, std::int64_t groups);

/// The product of many rows, most of whose numbers may be 0: the matrix's rows that meet only zeros are not even read.
void sparse_product(const float* a, const float* b, float* result, std::int64_t rows, std::int64_t size,
                    std::int64_t columns);

/// The sizes of a transposed convolution from y to x, in two dimensions, of one group and without dilation.
struct TransposedConvolution {
  TransposedConvolution(const graph::Shape& y, const graph::Shape& weights, const graph::Shape& x,
                        const graph::ConvolutionAttributes& attributes);
  static bool fits(const graph::Shape& weights, const graph::ConvolutionAttributes& attributes);

  std::int64_t examples, channels, height, width, rows, columns, kernel_rows, kernel_columns, row_stride, column_stride,
      padding_rows, padding_columns;
};

/// A transposed convolution of a gradient that is mostly 0: what is 0 costs next to nothing.
struct SparseConvolution : TransposedConvolution {
  /// From y to x, which have their channels last, multiples of 16.
  SparseConvolution(const graph::Shape& y, const graph::Shape& weights, const graph::Shape& x,
                    const graph::ConvolutionAttributes& attributes);
  static bool fits(const graph::Shape& weights, const graph::ConvolutionAttributes& attributes);

  /// In numbers: of the packed weights, and of the memory that a run needs.
  std::int64_t packed() const { return outputs * kernel_rows * kernel_columns * channels; }
  std::int64_t scratch() const { return threads() * scratch_of_a_thread(); }
  std::int64_t scratch_of_a_thread() const;
  void pack(const float* from, float* to) const;
  void run(const float* y, const float* weights, float* scratch, float* x) const;

  std::int64_t outputs;     ///< channels of y
  std::int64_t slices;      ///< into which a row of the kernel is cut, for the registers
  std::int64_t band_rows;   ///< of x that a thread makes at once
  std::int64_t band_width;  ///< a row of x with room on both sides
};

/// A transposed convolution from many channels to a picture's few, at most 4. Behind guided ReLUs most of its gradient
/// is 0: each element that is not adds its kernel where that belongs, and the others cost next to nothing.
struct Scatter : TransposedConvolution {
  /// From y, which has channels last (a multiple of 16) or in blocks of 16, to x.
  Scatter(const graph::Shape& y, Layout layout, const graph::Shape& weights, const graph::Shape& x,
          const graph::ConvolutionAttributes& attributes);
  static bool fits(const graph::Shape& weights, const graph::Shape& x, const graph::ConvolutionAttributes& attributes);

  /// In numbers: of the packed weights, and of the memory that a run needs.
  std::int64_t packed() const;
  std::int64_t scratch() const;
  std::int64_t scratch_of_a_thread() const;
  void pack(const float* from, std::int64_t outputs, float* to) const;
  /// x in row-major order.
  void run(const float* y, const float* weights, float* scratch, float* x) const;

  std::int64_t groups;  ///< of 16 channels
  bool channels_last;
  std::int64_t vectors;     ///< of 16 numbers, that a row of the kernel fills
  std::int64_t band_width;  ///< a row of the picture with room on both sides
};

/// Any broadcast, in row-major order. Steps are strides with 0 where a dimension is broadcast.
void binary_broadcast(Binary kind, const float* a, const graph::Integers& steps_a, const float* b,
                      const graph::Integers& steps_b, float* result, const graph::Shape& shape, bool relu);

/// x * scale + shift, one number a channel each, filled up with zeros as the channels are.
void scale_shift(const float* x, const float* scale, const float* shift, float* result, const Extents& extents,
                 bool relu);

/// x * scale
void scale(const float* x, const float* scale, float* result, const Extents& extents, bool relu);

/// A function that oneDNN does not have, or not exactly; gradient: times its derivative at x.
void unary(const graph::FunctionAttributes& attributes, const float* x, float* result, std::int64_t count);
void unary_gradient(const graph::FunctionAttributes& attributes, const float* gradient, const float* x, float* result,
                    std::int64_t count);

/// The sum of each channel of each example.
void sum_area(const float* x, float* result, const Extents& extents);
/// The sum over the channels at each place of each example, of blocks of at most 16 channels that are all there.
void sum_channels(const float* x, float* result, const Extents& extents);
/// The contrary of sum_area: each number fills its channel's area.
void fill_area(const float* x, float* result, const Extents& extents);
/// Sums in row-major order; steps place each element in the result.
void reduce_sum(const float* x, const graph::Shape& shape, const graph::Integers& steps, float* result,
                std::int64_t results);
/// Copies with steps of the source, 0 where it is repeated.
void gather(const float* x, const graph::Integers& steps, float* result, const graph::Shape& shape);

/// Copies `count` runs between two memories.
void copy_runs(const float* from, std::int64_t from_step, float* to, std::int64_t to_step, std::int64_t run,
               std::int64_t count);
void fill(float* to, float value, std::int64_t count);

/// Along an axis with `inner` elements behind it.
void softmax(const float* x, float* result, std::int64_t outer, std::int64_t size, std::int64_t inner, bool logarithm);

/// The eigenvector of each symmetric matrix that has the largest eigenvalue, with the sign in which it goes with the
/// vector `like`: see the operator principal_eigenvector.
void principal_eigenvector(const float* matrices, const float* like, float* result, std::int64_t count,
                           std::int64_t size);

/// Rows less their mean, over their standard deviation.
void normalize(const float* x, float* result, std::int64_t rows, std::int64_t size, double epsilon);
void normalize_gradient(const float* gradient, const float* x, float* result, std::int64_t rows, std::int64_t size,
                        double epsilon);

/// Average pooling as the evaluator does it, in row-major order: for windows that oneDNN divides by other counts, and,
/// without a window, adaptive pooling.
void average_pool(const float* x, const graph::Shape& x_shape, float* y, const graph::Shape& y_shape,
                  const graph::AveragePoolAttributes* window, bool gradient);

}  // namespace whycam::onednn::kernels
