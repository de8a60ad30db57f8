#include "graph/shape.h"

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace whycam::graph {

std::int64_t element_count(const Shape& shape) {
  std::int64_t count = 1;
  for (const std::int64_t size : shape)
    if (__builtin_mul_overflow(count, size, &count)) return std::numeric_limits<std::int64_t>::max();
  return count;
}

bool is_sound(const Shape& shape) {
  for (const std::int64_t extent : shape)
    if (extent < 1 || extent > largest_extent) return false;
  return element_count(shape) <= most_elements;
}

Integers axes_between(std::size_t first, std::size_t end) {
  Integers axes;
  for (std::size_t i = first; i < end; ++i) axes.push_back(static_cast<std::int64_t>(i));
  return axes;
}

Shape completed(Shape shape, std::int64_t elements) {
  Shape known;
  for (const std::int64_t extent : shape)
    if (extent != -1) known.push_back(extent);
  for (std::int64_t& extent : shape)
    if (extent == -1) extent = elements / std::max<std::int64_t>(element_count(known), 1);
  return shape;
}

void require_moderate(const Integers& integers) {
  for (const std::int64_t integer : integers)
    if (integer < -largest_extent || integer > largest_extent)
      throw std::invalid_argument(std::to_string(integer) + " is no size: none is beyond 2^30");
}

std::string to_string(const Integers& integers) {
  std::string text = "[";
  for (std::size_t i = 0; i < integers.size(); ++i) text += (i ? ", " : "") + std::to_string(integers[i]);
  return text + "]";
}

}  // namespace whycam::graph
