#include "backends/onednn/layout.h"

namespace whycam::onednn {

Extents::Extents(const graph::Shape& shape, Layout layout) : batch(1), blocks(1), area(1), block(layout.block) {
  if (block == 1 && shape.size() < 3) {
    area = graph::element_count(shape);
    return;
  }
  batch = shape[0];
  blocks = (shape[1] + block - 1) / block;
  for (std::size_t i = 2; i < shape.size(); ++i) area *= shape[i];
}

graph::Integers channels_last_strides(const graph::Shape& shape, std::int64_t row) {
  graph::Integers strides(shape.size());
  strides[1] = 1;
  for (std::size_t d = shape.size(); d-- > 2; row *= shape[d]) strides[d] = row;
  strides[0] = row;
  return strides;
}

bool is_channels_last(const graph::Shape& shape, Layout layout) {
  return layout.block > 1 && shape.size() > 1 && layout.block == shape[1];
}

bool has_padding(const graph::Shape& shape, Layout layout) { return layout.block > 1 && shape[1] % layout.block != 0; }

bool same_memory(const graph::Shape& shape, Layout one, Layout other) {
  if (one == other) return true;
  if (shape.size() < 3 || has_padding(shape, one) || has_padding(shape, other)) return false;
  return Extents(shape, one).area == 1;
}

}  // namespace whycam::onednn
