// Which layer is explained where none is named.
#include <gtest/gtest.h>

#include "explain/layers.h"
#include "explain/network_file.h"
#include "onnx/model_builder.h"

namespace whycam::onnx {
namespace {

/// conv - relu - conv to the classes at each place.
ModelBuilder segmenter() {
  ModelBuilder builder;
  builder.input("image", {1, 2, 6, 6})
      .output("scores")
      .weights("w", {4, 2, 3, 3})
      .weights("v", {3, 4, 1, 1})
      .tensor(tensor_of("roi", {0}, {}))
      .tensor(tensor_of("twice", {4}, {1, 1, 2, 2}))
      .node("Conv", {"image", "w"}, {"c"}, {}, "conv")
      .node("Relu", {"c"}, {"r"}, {}, "relu");
  return builder;
}

std::string default_layer_of(const ModelBuilder& builder) {
  return explain::default_layer_of(explain::layers_of(*builder.network(), {{"input.0", {1, 2, 6, 6}}}));
}

TEST(DefaultLayer, OfASegmenterIsBeforeItsLogits) {
  EXPECT_EQ(default_layer_of(segmenter().node("Conv", {"r", "v"}, {"scores"}, {}, "logits")), "relu");
}

TEST(DefaultLayer, OfASegmenterIsBeforeLogitsThatAreResized) {
  for (const char* mode : {"nearest", "linear", "cubic"})
    EXPECT_EQ(default_layer_of(segmenter()
                                   .node("Conv", {"r", "v"}, {"l"}, {}, "logits")
                                   .node("Resize", {"l", "roi", "twice"}, {"scores"}, {{"mode", std::string(mode)}})),
              "relu")
        << mode;
}

}  // namespace
}  // namespace whycam::onnx
