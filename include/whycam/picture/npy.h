#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include "whycam/api.h"
#include "whycam/picture/array.h"

namespace whycam::picture {

/// The content of a NumPy .npy file in row-major order. A vector of floats holds what float32 holds exactly: float16,
/// float32, bool and integers of up to 16 bits. Others are doubles, to which integers beyond 2^53 are rounded.
struct NpyArray {
  std::vector<std::int64_t> shape;
  std::variant<std::vector<float>, std::vector<double>> values;
  std::string type{};  ///< as NumPy calls it where the file's is another than float32: "uint8", "big-endian float32"
};

/// Reads float16, float32, float64, integers or bool (0 and 1) of any rank and byte order, stored in C or in Fortran
/// order. NaN and infinity are values like others. Throws PictureError for everything else: another type, no elements
/// at all, a header that is corrupt or that promises more or less than the file holds.
WHYCAM_API NpyArray read_npy(const std::filesystem::path& path);

/// The same values in single precision.
WHYCAM_API Array to_array(NpyArray array);

/// Writes a .npy file, float32 or float64 as the values are, with write_file.
/// Throws WriteError, and InputError if the shape and the number of values differ.
WHYCAM_API void write_npy(const std::filesystem::path& path, const NpyArray& array);
WHYCAM_API void write_npy(const std::filesystem::path& path, const Array& array);

}  // namespace whycam::picture
