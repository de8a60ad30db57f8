// Known numbers that are taken from, or put at, places that are named by tuples of indices.
#include <algorithm>

#include "formats/known/array_folders.h"
#include "graph/operators.h"

namespace whycam::known {
namespace {

using graph::Integers;
using graph::require;
using graph::Shape;

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

/// What remains of a shape behind its first axes.
Shape behind(const Shape& shape, std::size_t axes) {
  return {shape.begin() + static_cast<std::ptrdiff_t>(axes), shape.end()};
}

Array gather_rows(const Arrays& in, const FoldAttributes& attributes) {
  require(attributes.batch_dimensions == 0, "indices for each example");
  const Array &x = *in[0], &indices = *in[1];
  const Integers rows = rows_named(indices, x.shape);
  const Shape row = behind(x.shape, at(indices.shape.back()));
  Array result{x.integers, {indices.shape.begin(), indices.shape.end() - 1}, {}};
  result.shape.insert(result.shape.end(), row.begin(), row.end());
  require_known(result.shape);
  const std::int64_t size = graph::element_count(row);
  for (const std::int64_t i : rows)
    result.numbers.insert(result.numbers.end(), x.numbers.begin() + i * size, x.numbers.begin() + (i + 1) * size);
  return result;
}

Array scatter_rows(const Arrays& in, const FoldAttributes& attributes) {
  require(attributes.reduction == "none", "the reduction " + attributes.reduction);
  require(in.size() > 2 && in[2], "nothing to put there");
  const Array &indices = *in[1], &updates = *in[2];
  Array result = *in[0];
  const Integers rows = rows_named(indices, result.shape);
  const std::int64_t size = graph::element_count(behind(result.shape, at(indices.shape.back())));
  require(updates.numbers.size() == rows.size() * at(size), "numbers for another number of places");
  for (std::size_t i = 0; i < rows.size(); ++i)
    std::copy_n(updates.numbers.begin() + static_cast<std::ptrdiff_t>(i) * size, size,
                result.numbers.begin() + rows[i] * size);
  return result;
}

}  // namespace

Integers rows_named(const Array& indices, const Shape& shape) {
  require(!indices.shape.empty(), "indices that are one number");
  const std::int64_t count = indices.shape.back();
  require(count >= 1 && count <= static_cast<std::int64_t>(shape.size()),
          "tuples of " + std::to_string(count) + " indices for " + std::to_string(shape.size()) + " dimensions");
  const Integers given = indices.to_integers();
  Integers rows;
  for (std::size_t i = 0; i < given.size();) {
    std::int64_t row = 0;
    for (std::size_t d = 0; d < at(count); ++d, ++i) {
      const std::int64_t index = given[i] < 0 ? given[i] + shape[d] : given[i];
      require(index >= 0 && index < shape[d],
              "the index " + std::to_string(given[i]) + " of an axis of " + std::to_string(shape[d]));
      row = row * shape[d] + index;
    }
    rows.push_back(row);
  }
  return rows;
}

void add_indexing_folders(Folders& folders) {
  folders["GatherND"] = gather_rows;
  folders["ScatterND"] = scatter_rows;
}

}  // namespace whycam::known
