// What oneDNN believes about the processor.
#pragma once

namespace whycam::onednn {

/// Whether the caches that the processor describes can be real ones. Virtual machines leave the description of an AMD
/// processor's caches empty, and oneDNN takes that for a cache of one byte: version 3 then divides by zero as it
/// looks for an implementation of some 1 x 1 convolutions (est_eff_1x1 in its jit_brgemm_conv_utils.cpp).
bool has_plausible_caches();

/// Bits of the registers that oneDNN computes with, which loops of our own with several forms follow: 512, 256 (with
/// fused additions) or 0 for any other processor. The variable ONEDNN_MAX_CPU_ISA lowers it.
int register_bits();

}  // namespace whycam::onednn
