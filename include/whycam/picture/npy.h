#pragma once

#include <cstdint>
#include <filesystem>
#include <variant>
#include <vector>

#include "whycam/api.h"
#include "whycam/picture/array.h"

namespace whycam::picture {

/// The content of a NumPy .npy file in row-major order. Which of the vectors is there tells the file's type,
/// float32 or float64.
struct NpyArray {
  std::vector<std::int64_t> shape;
  std::variant<std::vector<float>, std::vector<double>> values;
};

/// Reads little-endian float32 or float64 values of any rank, stored in C or in Fortran order.
/// NaN and infinity are values like others. Throws PictureError for everything else: another type, no elements
/// at all, a header that is corrupt or that promises more or less than the file holds.
WHYCAM_API NpyArray read_npy(const std::filesystem::path& path);

/// The same values in single precision.
WHYCAM_API Array to_array(NpyArray array);

/// Writes a .npy file, float32 or float64 as the values are, with write_file.
/// Throws WriteError, and std::invalid_argument if the shape and the number of values differ.
WHYCAM_API void write_npy(const std::filesystem::path& path, const NpyArray& array);
WHYCAM_API void write_npy(const std::filesystem::path& path, const Array& array);

}  // namespace whycam::picture
