// A fault of libtorch's, kept away from explanations.
#pragma once

namespace torch::autograd {
struct Node;
}

namespace whycam::engine {

/// libtorch's backward pass of a batch normalisation on the CPU (1.13 to 2.14 at least) reads the gradient as if it lay
/// in memory as the normalisation's input does. Of one that comes back through a transpose, as behind a convolutional
/// stem whose places become tokens, it makes wrong numbers. Where the node is such a normalisation, its gradient is
/// laid out so first.
void lay_out_gradient(torch::autograd::Node& node);

}  // namespace whycam::engine
