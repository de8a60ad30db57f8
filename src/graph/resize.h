// Resizing and other products with matrices along an axis, as ordinary nodes of the graph.
#pragma once

#include <vector>

#include "graph/graph.h"

namespace whycam::graph {

/// How a tensor of N x C x space is resized: as torch.nn.functional.interpolate does with align_corners false.
enum class Resizing { nearest, area, linear, cubic };

/// x with another spatial extent (one number a spatial dimension).
Value resize(Graph& graph, Value x, const Shape& space, Resizing how);

/// x with each element repeated so many times along each axis.
Value repeat(Graph& graph, Value x, const Integers& times);

/// x with axis `d` multiplied by a matrix: `to` rows of as many numbers as that axis is long.
Value multiply_along(Graph& graph, Value x, std::size_t d, std::int64_t to, std::vector<float> matrix,
                     const std::string& name = {});

/// Row i holds Keys' weights for a place of the input, at most four of them other than 0; `a` is -0.75 in PyTorch.
/// `places` are where the results lie in the input, in elements.
std::vector<float> cubic_weights(const std::vector<double>& places, std::int64_t from, double a);
/// The same for linear interpolation.
std::vector<float> linear_weights(const std::vector<double>& places, std::int64_t from);

}  // namespace whycam::graph
