// Small tensors whose numbers are known: what networks compute with shapes, indices and axes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace whycam::known {

/// Integers (and booleans, as 0 and 1) or floating-point numbers, in row-major order. A double holds every size and
/// index.
struct Array {
  bool integers = true;
  graph::Shape shape;
  std::vector<double> numbers;
  std::int32_t type = 0;  ///< the file's, of integers that are its own; 0: computed

  /// Sizes, places or axes. Throws std::invalid_argument where one is beyond graph::largest_extent.
  graph::Integers to_integers() const;
  /// A slice's bounds or steps: what is beyond that is cut off. Throws std::invalid_argument where one is NaN.
  graph::Integers to_bounds() const;
};

/// Throws std::invalid_argument where an array of this shape has more elements than anything that computes with sizes
/// needs, or would have if none of its extents were 0.
void require_known(const graph::Shape& shape);

Array integer_array(const graph::Integers& numbers);
Array integer_scalar(std::int64_t number);

/// Attributes of the operators that fold() knows, as far as they need any.
struct FoldAttributes {
  std::int64_t axis = 0;
  graph::Integers permutation, axes;
  bool to_integers = false, to_booleans = false;  ///< Cast's type
  bool keeps_dimensions = true, exclusive = false, reverse = false, upper = true;
  std::int64_t batch_dimensions = 0;  ///< GatherND's
  std::string reduction = "none";     ///< ScatterND's
};

/// Whether fold() knows an operator on numbers.
bool folds(const std::string& op);

/// What an operator gives for arrays. Throws std::invalid_argument where they do not fit.
Array fold(const std::string& op, const std::vector<const Array*>& inputs, const FoldAttributes& attributes);

/// `with` over all numbers along the axes that are reduced, beginning with `start`.
Array reduce(const Array& x, const std::vector<bool>& reduced, bool keeps_dimensions, double start,
             double (*with)(double, double));

/// An axis counted from the end where it is negative. Throws std::invalid_argument where it is none of `dimensions`.
std::size_t axis_of(std::int64_t axis, std::size_t dimensions);

/// The rows that tuples of indices, along the last axis of `indices`, name in a tensor of this shape: each tuple is a
/// place of its first axes, counted in row-major order. Throws std::invalid_argument where there is no such place.
graph::Integers rows_named(const Array& indices, const graph::Shape& shape);

/// The places that a slice from `begin` to `end` takes of `size`, as ONNX and NumPy count them.
graph::Integers slice_places(std::int64_t size, std::int64_t begin, std::int64_t end, std::int64_t step);

}  // namespace whycam::known
