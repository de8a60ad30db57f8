// Marking a layer of a C++ network.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "whycam/api.h"
#include "whycam/torch_tensor.h"

namespace whycam {

/// An identity that whycam can observe. C++ modules have no hooks; those of libtorch's with weights of their own are
/// recognised by them, and any other place is marked with a Tap:
///
///     x = tap(torch::relu(conv(x)));        // in forward(), tap a registered submodule
///     GuidedGradCam(net, net->tap)          // or by its name
///
/// Outside an explanation it returns its argument and does nothing else.
class WHYCAM_API TapImpl : public torch::nn::Module {
 public:
  torch::Tensor forward(const torch::Tensor& tensor);
};
TORCH_MODULE(Tap);

}  // namespace whycam
