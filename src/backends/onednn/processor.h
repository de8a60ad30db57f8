// What oneDNN believes about the processor.
#pragma once

namespace whycam::onednn {

/// Whether the caches that the processor describes can be real ones. Virtual machines leave the description of an AMD
/// processor's caches empty, and oneDNN takes that for a cache of one byte: version 3 then divides by zero as it
/// looks for an implementation of some 1 x 1 convolutions (est_eff_1x1 in its jit_brgemm_conv_utils.cpp).
bool has_plausible_caches();

}  // namespace whycam::onednn
