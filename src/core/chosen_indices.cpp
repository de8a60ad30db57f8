#include "core/chosen_indices.h"

#include "whycam/errors.h"

std::vector<std::int64_t> whycam::core::shape_with_examples(const std::vector<std::int64_t>& output_shape,
                                                            std::int64_t examples) {
  const bool squeezed = examples == 1 && output_shape.size() == 1 && output_shape[0] > 1;
  return squeezed ? std::vector<std::int64_t>{1, output_shape[0]} : output_shape;
}

std::vector<std::int64_t> whycam::core::chosen_indices(const Target& target,
                                                       const std::vector<std::int64_t>& output_shape,
                                                       std::int64_t examples) {
  const std::vector<std::int64_t> rows =
      output_shape.empty() && examples == 1 ? std::vector<std::int64_t>{1} : output_shape;
  const std::vector<Target::Indices> indices = target.resolve(rows);
  if (static_cast<std::int64_t>(indices.size()) != examples)
    throw TargetError("the output has " + std::to_string(indices.size()) + " rows for " + std::to_string(examples) +
                      " examples; the first dimension of the explained output must count the examples");
  std::vector<std::int64_t> places;
  for (std::size_t example = 0; example < indices.size(); ++example) {
    auto place = static_cast<std::int64_t>(example);
    for (std::size_t i = 0; i < indices[example].size(); ++i) place = place * rows[i + 1] + indices[example][i];
    places.push_back(place);
  }
  return places;
}
