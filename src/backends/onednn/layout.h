// How a value lies in memory.
#pragma once

#include <cstdint>

#include "graph/graph.h"

namespace whycam::onednn {

/// Every value lies as N x (C / block) x spatial x block: block 1 is row-major order, block C is channels-last, 8 and
/// 16 are what oneDNN's convolutions like; there the channels are filled up with zeros to a multiple. A value of other
/// than three to five dimensions always has block 1.
struct Layout {
  std::int64_t block = 1;
  bool operator==(const Layout& other) const { return block == other.block; }
  bool operator!=(const Layout& other) const { return block != other.block; }
};

/// The four extents of a value in its layout.
struct Extents {
  Extents(const graph::Shape& shape, Layout layout);
  std::int64_t batch, blocks, area, block;
  std::int64_t elements() const { return batch * blocks * area * block; }
};

/// Strides of a value that has its channels last, where `row` numbers lie from place to place.
graph::Integers channels_last_strides(const graph::Shape& shape, std::int64_t row);

/// Whether all channels of a place lie side by side.
bool is_channels_last(const graph::Shape& shape, Layout layout);

/// Whether channels have to be filled up.
bool has_padding(const graph::Shape& shape, Layout layout);

/// Whether two layouts are the same order of the same numbers for this shape.
bool same_memory(const graph::Shape& shape, Layout one, Layout other);

}  // namespace whycam::onednn
