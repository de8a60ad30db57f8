// One record for each operator: what shape it gives, its values, its gradient.
#pragma once

#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "graph/graph.h"

namespace whycam::graph {

/// Numbers in row-major order, in double precision: what the evaluator works on.
struct Tensor {
  Shape shape;
  std::vector<double> values;
};

using Tensors = std::vector<const Tensor*>;

/// A node to be, of which the shape is asked.
struct Question {
  std::vector<Shape> inputs;
  const Node& node;
};

/// A node whose gradient is asked: `gradient` arrives at it, and is passed on to the inputs that are wanted. The
/// operator adds what it needs to the graph.
struct GradientQuestion {
  Graph& graph;
  Value value;  ///< the node
  Node node;    ///< a copy of it
  Value gradient;
  std::vector<bool> wanted;
  Shape input_shape(std::size_t i) const { return graph.shape(node.inputs[i]); }
};

struct Record {
  /// Throws std::invalid_argument where the inputs or attributes do not fit.
  Shape (*shape)(const Question& question);
  /// The slow truth.
  Tensor (*evaluate)(const Node& node, const Tensors& inputs);
  /// One value for each input, no_value where it is not wanted or gets none. Null: the operator has no gradient.
  std::vector<Value> (*gradient)(GradientQuestion& question);
};

const Record& record(Operator op);

namespace records {
#define OPERATOR(name, attributes, fewest, most) extern const Record name;
#include "graph/operators.def"
#undef OPERATOR
}  // namespace records

/// Throws std::invalid_argument where the condition does not hold; the message is made of parts, strings, numbers
/// and shapes, and only then.
template <class... Parts>
void require(bool condition, const Parts&... parts) {
  const auto text = [](const auto& part) {
    using Part = std::decay_t<decltype(part)>;
    if constexpr (std::is_same_v<Part, Shape>)
      return to_string(part);
    else if constexpr (std::is_integral_v<Part>)
      return std::to_string(part);
    else
      return std::string(part);
  };
  if (!condition) throw std::invalid_argument((text(parts) + ...));
}

/// The shape of two broadcast against each other, as NumPy does.
Shape broadcast(const Shape& a, const Shape& b);

/// Row-major strides.
Integers strides_of(const Shape& shape);

/// Where the elements of a tensor that is broadcast to `result` lie: a step for each dimension of the result, 0 where
/// it is repeated.
Integers broadcast_steps(const Shape& own, const Shape& result);

/// Calls `visit(index)` for each index of a shape in row-major order.
template <class Visit>
void for_each_index(const Shape& shape, const Visit& visit) {
  Integers index(shape.size(), 0);
  const std::int64_t count = element_count(shape);
  for (std::int64_t i = 0; i < count; ++i) {
    visit(static_cast<const Integers&>(index));
    for (std::size_t d = shape.size(); d-- > 0;) {
      if (++index[d] < shape[d]) break;
      index[d] = 0;
    }
  }
}

}  // namespace whycam::graph
