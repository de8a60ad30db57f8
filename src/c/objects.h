// What C's handles are.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "whycam/c.h"
#include "whycam/network.h"

struct whycam_network {
  whycam::Network network;
};

struct whycam_layers {
  std::vector<whycam::LayerInfo> layers;
};

struct whycam_options {
  whycam::Options options;
};

struct whycam_target {
  whycam::Target target;
  std::optional<std::size_t> rank = {};  ///< the class of this rank, which is known with the output
};

struct whycam_explanation {
  whycam::Network::Explanation explanation;
  std::string layer;
};

namespace whycam::c {

/// A caller's tensor. Throws ArgumentError.
Tensor tensor_of(const whycam_tensor& tensor);
Shape shape_of(const whycam_tensor& tensor);

/// One of ours, as the caller reads it.
whycam_tensor view_of(const Tensor& tensor);

}  // namespace whycam::c
