// Operators that networks saved by a newer PyTorch call and the libtorch at hand may lack.
#pragma once

namespace whycam::network {

/// Registers those that this libtorch does not have, once a process: aten::scaled_dot_product_attention, in which every
/// transformer saved since PyTorch 2.0 attends. To be called before such a network is read
/// or such an operator looked up.
void provide_newer_operators();

}  // namespace whycam::network
