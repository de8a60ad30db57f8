// The types of numbers in .npy files, which have names such as "<f4".
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace whycam::picture {

/// How many bytes a number of this type takes; 0 for a type that is not read.
std::size_t stored_size(const std::string& type);

/// Whether float holds every number of the type; double holds those of the others, but for integers beyond 2^53.
bool fits_float(const std::string& type);

/// NumPy's name for a type, or the type itself if it is not a plain number.
std::string type_name(const std::string& type);

/// So many numbers of a type that has a size. Value is float or double.
template <typename Value>
std::vector<Value> npy_values(const std::string& type, const std::uint8_t* bytes, std::size_t count);

}  // namespace whycam::picture
