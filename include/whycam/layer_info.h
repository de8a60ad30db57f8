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
  /// Where channels and space lie, as --layout has it: "nchw", "nhwc", "14x14+1" (tokens). Empty where that is not
  /// known, or there is no spatial extent.
  std::string layout;
  bool fit_for_grad_cam = false;  ///< one tensor with spatial extent, in a known layout, that the output depends on
  /// What default_layer() names: the last fit one to run with weights between it and the output. The output itself is
  /// never it.
  bool is_default = false;
};

}  // namespace whycam
