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

/// How a place between elements is interpolated.
struct Filter {
  bool cubic = false;
  double a = -0.75;          ///< Keys' parameter, PyTorch's
  double stretch = 1;        ///< by how much the filter is wider than between neighbours: against aliasing, above 1
  bool inside_only = false;  ///< what lies beyond the border has no weight; else the outermost element has it
};

/// Row i holds the weights of a place of the input. `places` are where the results lie in the input, in elements.
std::vector<float> filter_weights(const std::vector<double>& places, std::int64_t from, const Filter& filter);
std::vector<float> cubic_weights(const std::vector<double>& places, std::int64_t from, double a);
std::vector<float> linear_weights(const std::vector<double>& places, std::int64_t from);

}  // namespace whycam::graph
