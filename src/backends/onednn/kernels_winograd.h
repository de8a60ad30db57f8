// Convolutions of 3 x 3 by Winograd's algorithm (Lavin and Gray 2016). Places are cut into tiles; each tile with its
// border is transformed, a product of matrices for each element of the transformed tiles leads from inputs to outputs,
// and these are transformed back.
#pragma once

#include <cstdint>
#include <vector>

#include "backends/onednn/kernels.h"
#include "graph/graph.h"

namespace whycam::onednn::kernels {

/// The transforms of one convolution with stride 1 and padding 1; its data have their channels, multiples of 16, last.
struct WinogradTransforms {
  WinogradTransforms(const graph::Shape& x, const graph::Shape& y, std::int64_t tile_size);

  /// A transformed tile has this many elements.
  std::int64_t elements() const { return (tile_size + 2) * (tile_size + 2); }
  std::int64_t tiles() const { return examples * tile_rows * tile_columns; }

  /// The tiles from `begin` to `end`, each element of them a matrix of tiles x inputs, `step` after the one before.
  void transform_input(const float* x, std::int64_t begin, std::int64_t end, float* to, std::int64_t step) const;

  /// What is done to a result.
  struct Finish {
    const float* bias;  ///< may be null
    bool add, relu;     ///< add: to what is there
    float limit;        ///< 0: none
  };
  /// Back from matrices of tiles x outputs.
  void transform_output(const float* from, std::int64_t step, std::int64_t begin, std::int64_t end, Finish finish,
                        float* y) const;

  std::int64_t tile_size, examples, inputs, outputs, height, width, tile_rows, tile_columns;
};

/// Where transformed weights go: the sum of what element, row and column say. Outputs are a multiple of 16.
struct WinogradPlaces {
  graph::Integers elements, rows, columns;
};

/// Transforms weights O x I x 3 x 3 in row-major order, each row times its scale (empty: 1); turned: each kernel turned
/// round in space.
Parts transform_weights(const float* from, WinogradPlaces places, std::vector<double> scales, bool turned, float* to);

}  // namespace whycam::onednn::kernels
