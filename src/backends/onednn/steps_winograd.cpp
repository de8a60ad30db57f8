// Convolutions of 3 x 3 by Winograd's algorithm.
#include "backends/onednn/winograd.h"

#include "backends/onednn/builder.h"
#include "backends/onednn/convolutions.h"

namespace whycam::onednn {

bool put_winograd(Builder& builder, Value value) {
  const std::int64_t tile_size = builder.winograd_tiles(value);
  if (tile_size == 0) return false;
  const Node& node = builder.graph[value];
  const bool turned = node.op == graph::Operator::convolution_transpose;
  const Shape& x = builder.graph.shape(node.inputs[0]);
  const WinogradConvolution& convolution = builder.winograd_convolution(x, node.shape, tile_size);
  if (!convolution.is_fast()) return false;
  const auto weights = builder.winograd_weights(node.inputs[1], turned, convolution.elements(), convolution.matrix());
  if (!weights) return false;
  const Layout from_layout{x[1]}, to_layout{node.shape[1]};
  const Place from = builder.read(node.inputs[0], from_layout);
  const Place to = turned ? builder.make(node.shape, to_layout) : convolution_result(builder, value, to_layout);
  const Place scratch = builder.make_bytes(static_cast<std::size_t>(convolution.scratch()) * sizeof(float));
  const bool with_bias = !turned && node.inputs.size() > 2;
  const Place bias = with_bias ? builder.constant(node.inputs[2]) : Place{};
  const After then = turned ? After{} : after(node);
  builder.loop(
      [=](const Memory& memory) {
        convolution.run(memory.at(from), memory.at(*weights),
                        {with_bias ? memory.at(bias) : nullptr, then.add_to_destination, then.relu,
                         static_cast<float>(then.relu ? then.limit : 0)},
                        memory.at(scratch), memory.at(to));
      },
      {from, to, scratch}, (turned ? "turned Winograd convolution " : "Winograd convolution ") + node.name);
  builder.define(value, to, to_layout);
  return true;
}

}  // namespace whycam::onednn
