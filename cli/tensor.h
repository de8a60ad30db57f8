// What the command reads in tensors.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "whycam/network.h"

namespace whycam::cli {

bool all_finite(const Tensor& tensor);
bool all_zero(const Tensor& tensor);

/// Examples from `first` on; one of them with a dimension 0 of 1 and without it.
Tensor slice(const Tensor& tensor, std::int64_t first, std::int64_t count = 1);
Tensor example_of(const Tensor& tensor, std::int64_t example);

/// A tensor of N x space x C as N x C x space, and the other way round.
Tensor to_channels_first(const Tensor& tensor);
Tensor to_channels_last(const Tensor& tensor);

/// The dimension of a network's output that counts classes: the second of two, or of more the only one that is longer
/// than 1, as in N x 1000 x 1 x 1. Nothing for other outputs.
std::optional<std::size_t> class_dimension(const Shape& shape);

/// One example's numbers, one a class where there are such.
std::vector<double> scores_of(const Tensor& output, std::int64_t example);

/// The classes of the `most` largest numbers, the largest first; of equal ones the first comes first, and NaN before
/// all.
std::vector<std::int64_t> best(const std::vector<double>& numbers, std::size_t most);

}  // namespace whycam::cli
