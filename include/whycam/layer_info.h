// What is known of a network's layer.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace whycam {

/// What Model::layers and Network::layers say of one layer.
struct LayerInfo {
  std::string path;                                      ///< "layer4.1.conv2"
  std::string type;                                      ///< the module's class: "Conv2d"
  std::vector<std::vector<std::int64_t>> output_shapes;  ///< one a tensor; empty where it did not run
  bool fit_for_grad_cam = false;                         ///< one tensor with spatial extent that the output depends on
  bool is_default = false;                               ///< the last fit one to run: what default_layer() names
};

}  // namespace whycam
