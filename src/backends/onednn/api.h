// All that whycam asks oneDNN for; versions.h has what differs between oneDNN's versions.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "backends/onednn/onednn.h"

#include "backends/onednn/layout.h"
#include "graph/graph.h"

namespace whycam::onednn {

/// The one CPU engine.
const dnnl::engine& cpu();

/// The version of the oneDNN that answers, and whether it is the one that this was built for: a libtorch may bring
/// another one of its own into the process.
bool is_the_right_onednn();

using Type = dnnl::memory::data_type;

/// A value's description in a layout; a scalar has one dimension.
dnnl::memory::desc description(const graph::Shape& shape, Layout layout, Type type = Type::f32);
/// In any order that is best.
dnnl::memory::desc any_description(const graph::Shape& shape, Type type = Type::f32);
/// With these strides.
dnnl::memory::desc strided(const graph::Shape& shape, const graph::Integers& strides);
/// A description's numbers in row-major order.
dnnl::memory::desc row_major(const dnnl::memory::desc& description);
/// The layout that a description is in, where it is one of ours.
std::optional<Layout> layout_of(const dnnl::memory::desc& description, const graph::Shape& shape);

/// What each index of each dimension adds to a number's place in memory, where every place is such a sum: in strided
/// orders and in blocks; the indices go on to the end of the last block.
std::optional<std::vector<graph::Integers>> places_of(const dnnl::memory::desc& description);

// What oneDNN would compute wrongly, or not end with, is refused below by CannotPlan: tensors of more than 2^31 - 1
// numbers, windows of more places than that, or that reach further than 2^16 places.

/// An operation that can be run, and what its arguments look like.
struct Operation {
  std::function<dnnl::primitive()> make;  ///< has its code written, which takes time; thread-safe
  dnnl::memory::desc source, weights, destination, workspace;
  std::size_t scratch = 0;
  bool made_to_measure = false;  ///< oneDNN writes the code for this very operation, which is its fast way
};

/// What is done to a result before it is stored.
struct After {
  bool add_to_destination = false;  ///< the destination's old content is added
  bool relu = false;
  double limit = 0;
};

/// The order of a convolution's data.
enum class Order {
  best,  ///< whatever oneDNN likes, which may be a layout that is none of ours
  row_major,
  channels_last,
};

/// x by weights (grouped ones have the groups first), of this type; the result is float32.
Operation convolution(const graph::Shape& x, const graph::Shape& weights, const graph::Shape& y,
                      const graph::ConvolutionAttributes& attributes, bool with_bias, After after, Order order,
                      Type type = Type::f32);
/// y's gradient to x's; source is y, of this type as the weights are.
Operation convolution_transpose(const graph::Shape& y, const graph::Shape& weights, const graph::Shape& x,
                                const graph::ConvolutionAttributes& attributes, Order order, Type type);
/// These operations by what is asked for: networks repeat theirs, and oneDNN takes its time to choose.
class Convolutions {
 public:
  Operation forward(const graph::Shape& x, const graph::Shape& weights, const graph::Shape& y,
                    const graph::ConvolutionAttributes& attributes, bool with_bias, After after, Order order,
                    Type type);
  Operation transpose(const graph::Shape& y, const graph::Shape& weights, const graph::Shape& x,
                      const graph::ConvolutionAttributes& attributes, Order order, Type type);

 private:
  using Key = std::tuple<graph::Shape, graph::Shape, graph::Shape, graph::Integers, graph::Integers, graph::Integers,
                         graph::Integers, std::int64_t, bool, bool, bool, double, Order, Type>;
  std::map<Key, Operation> forward_, transposed_;
};
/// Matrices by matrices; strides tell which is transposed.
Operation matrix_product(const dnnl::memory::desc& a, const dnnl::memory::desc& b, const dnnl::memory::desc& result,
                         bool with_bias, After after);
/// With the positions of maxima as workspace where they are asked for.
Operation pooling(const graph::Shape& x, Layout layout, const graph::Shape& y,
                  const graph::PoolingAttributes& attributes, dnnl::algorithm algorithm, bool positions);
Operation pooling_gradient(const graph::Shape& y, const graph::Shape& x, Layout layout,
                           const graph::PoolingAttributes& attributes, dnnl::algorithm algorithm);
/// A function of each element, where oneDNN has it.
std::optional<Operation> elementwise(const graph::FunctionAttributes& attributes, const dnnl::memory::desc& x);
/// source is x, weights the incoming gradient, destination the gradient of x.
std::optional<Operation> elementwise_gradient(const graph::FunctionAttributes& attributes, const dnnl::memory::desc& x);
Operation reorder(const dnnl::memory::desc& from, const dnnl::memory::desc& to);

}  // namespace whycam::onednn
