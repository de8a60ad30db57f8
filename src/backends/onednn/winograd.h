// Convolutions of 3 x 3 by Winograd's algorithm, which oneDNN 2 has for some and oneDNN 3 for none.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "backends/onednn/api.h"
#include "backends/onednn/kernels_winograd.h"

namespace whycam::onednn {

/// Whether oneDNN has fast products of matrices here, which the algorithm is made of.
bool has_fast_products();

/// How the work is divided. With many tiles each thread does its own blocks of them from end to end, and what it
/// transforms stays in its second-level cache. With few, reading the weights is most of the work: all threads transform
/// the same tiles, and each multiplies some elements of them, so that it reads its part of the weights alone.
struct WinogradDivision {
  WinogradDivision(const kernels::WinogradTransforms& of, std::int64_t thread_count);

  std::int64_t threads;
  bool by_tiles;
  std::int64_t blocks, tiles;  ///< tiles of a block
  std::int64_t elements;       ///< that one product multiplies
};

/// A convolution with stride 1 and padding 1, made for the number of threads that OpenMP gives now.
class WinogradConvolution {
 public:
  /// From x to y by tiles of 2 x 2 or 4 x 4.
  WinogradConvolution(const graph::Shape& x, const graph::Shape& y, std::int64_t tile_size);

  /// Whether oneDNN has fast products of these sizes.
  bool is_fast() const { return product_.made_to_measure; }

  /// The weights: of each element of a tile a matrix inputs x outputs, in an order of three dimensions of which the
  /// first is 1.
  std::int64_t elements() const { return transforms_.elements(); }
  dnnl::memory::desc matrix() const;

  /// In numbers: of the memory that a run needs.
  std::int64_t scratch() const;
  /// x and y have their channels last. Nothing but the scratch memory is written to besides y.
  void run(const float* x, float* weights, const kernels::WinogradTransforms::Finish& finish, float* scratch,
           float* y) const;

 private:
  class Product;
  void run_by_tiles(std::vector<Product>& products, const float* x, float* weights,
                    const kernels::WinogradTransforms::Finish& finish, float* scratch, float* y) const;
  void run_by_elements(std::vector<Product>& products, const float* x, float* weights,
                       const kernels::WinogradTransforms::Finish& finish, float* scratch, float* y) const;

  std::int64_t inputs_step() const { return division_.tiles * transforms_.inputs; }
  std::int64_t outputs_step() const { return division_.tiles * transforms_.outputs; }
  std::int64_t block_numbers() const { return elements() * (inputs_step() + outputs_step()); }
  std::int64_t blocks_at_once() const { return division_.by_tiles ? division_.threads : 1; }
  std::int64_t begin_of(std::int64_t block) const { return std::min(block * division_.tiles, transforms_.tiles()); }

  kernels::WinogradTransforms transforms_;
  WinogradDivision division_;
  Operation product_;
  std::int64_t product_scratch_;  ///< numbers for each thread
};

}  // namespace whycam::onednn
