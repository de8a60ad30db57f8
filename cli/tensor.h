// Tensors, whatever explains them.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "whycam/picture/array.h"
#include "whycam/picture/npy.h"

namespace whycam::cli {

/// A shape and its numbers in row-major order, in single or in double precision.
using Tensor = picture::NpyArray;

std::size_t count(const Tensor& tensor);
/// One number, in row-major order.
double number(const Tensor& tensor, std::size_t place);
bool all_finite(const Tensor& tensor);
bool all_zero(const Tensor& tensor);

/// A part of a tensor: `examples` of its dimension 0, from `first` on.
Tensor slice(const Tensor& tensor, std::int64_t first, std::int64_t examples = 1);

/// One example without its dimension 0, in single precision.
picture::Array example_of(const Tensor& tensor, std::int64_t example);

/// The dimension of a network's output that counts classes: the second of two, or of more the only one that is longer
/// than 1, as in N x 1000 x 1 x 1. Nothing for other outputs.
std::optional<std::size_t> class_dimension(const std::vector<std::int64_t>& shape);

/// One example's numbers, one a class where there are such.
std::vector<double> scores_of(const Tensor& output, std::int64_t example);

/// The classes of the `most` largest numbers, the largest first; of equal ones the first comes first, and NaN before
/// all.
std::vector<std::int64_t> best(const std::vector<double>& numbers, std::size_t most);

}  // namespace whycam::cli
