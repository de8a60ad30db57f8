// A small network with an output of N x classes x space.
#pragma once

#include <string>

#include "support/scripted.h"

namespace whycam::test {

/// A segmenter of three classes with the layer "features".
inline torch::jit::Module segmenter(bool channels_last) {
  torch::manual_seed(3);
  return scripted(std::string("def forward(self, x):\n"
                              "    y = self.features.forward(torch.conv2d(x, self.first, padding=1))\n"
                              "    return torch.conv2d(y, self.second, padding=1)") +
                      (channels_last ? ".permute([0, 2, 3, 1])" : "") + "\n",
                  {{"first", torch::randn({5, 3, 3, 3})}, {"second", torch::randn({3, 5, 3, 3})}},
                  {{"features", scripted("def forward(self, x):\n    return torch.relu(x)\n")}});
}

/// The scores as N x classes x space.
inline torch::Tensor in_order(const torch::Tensor& output, bool channels_last) {
  return channels_last ? output.permute({0, 3, 1, 2}) : output;
}

}  // namespace whycam::test
