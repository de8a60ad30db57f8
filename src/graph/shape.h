// Extents of tensors.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace whycam::graph {

using Shape = std::vector<std::int64_t>;
using Integers = std::vector<std::int64_t>;

/// The largest extent, stride, pad or index: the product of two still fits 64 bits, however it is added up.
constexpr std::int64_t largest_extent = std::int64_t{1} << 30;
/// The most elements of a tensor.
constexpr std::int64_t most_elements = std::int64_t{1} << 36;

/// 2^63 - 1, which no tensor has, where the product is not less.
std::int64_t element_count(const Shape& shape);
/// Whether a tensor may have this shape: no extent below 1, and none of the numbers above exceeded.
bool is_sound(const Shape& shape);
/// One extent may be -1: what the others leave of so many elements.
Shape completed(Shape shape, std::int64_t elements);
/// Throws std::invalid_argument where one is further from 0 than the largest extent.
void require_moderate(const Integers& integers);
/// The axes from `first` to the one before `end`.
Integers axes_between(std::size_t first, std::size_t end);
std::string to_string(const Integers& integers);

}  // namespace whycam::graph
