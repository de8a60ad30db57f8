// What a method is. Each has a file of its own, named as in C++, which defines one Definition.
#pragma once

#include <variant>

#include "core/relu_rule.h"
#include "graph/graph.h"
#include "whycam/method.h"

namespace whycam::methods {

using graph::Graph;
using graph::Value;

/// Made from a layer's activation and the plain gradient there, both N x C x space. `channels` appends nodes that give
/// what each channel adds, in the same shape; the heat map is their sum, negative values set to 0.
struct HeatMap {
  Value (*channels)(Graph& graph, Value activation, Value gradient);
};

/// Made from an input and the gradient there, computed with `relus` at each ReLU. `values` appends nodes that give
/// numbers of the input's shape.
struct InputMap {
  core::ReluGradient relus;
  Value (*values)(Graph& graph, Value input, Value gradient);
};

/// An input map times a heat map (Options::cam) that was resized to the input.
struct Product {
  Method input_map;
};

/// The integral of an input map along the straight line from a baseline to the input, times their difference. It takes
/// many passes (methods/repeated.h), and appends nothing.
struct PathIntegral {
  Method input_map;
};

/// The axes of N x C x space behind the second.
inline graph::Integers axes_of_space(const graph::Shape& shape) {
  graph::Integers axes;
  for (std::size_t d = 2; d < shape.size(); ++d) axes.push_back(static_cast<std::int64_t>(d));
  return axes;
}

struct Definition {
  const char* name;   ///< on the command line and in file names
  const char* title;  ///< in prose
  std::variant<HeatMap, InputMap, Product, PathIntegral> kind;
};

#define WHYCAM_METHOD(name) extern const Definition name;
#include "whycam/methods.def"
#undef WHYCAM_METHOD

const Definition& definition(Method method);
/// The method's name in C++, which exported networks use for their outputs, too.
const char* identifier(Method method);

}  // namespace whycam::methods
