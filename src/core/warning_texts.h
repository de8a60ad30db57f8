// What a careful reader of an explanation should know, in words: the same whoever computed it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "whycam/interpolation_mode.h"
#include "whycam/target.h"

namespace whycam::core {

std::string no_relu();
std::string no_autograd();
std::string in_training_mode();
std::string computed_in_float32();
/// Of Precision::fast, with why.
std::string computed_exactly(const std::string& reason);
std::string computed_convolution(const std::string& layer);
std::string holds_nan(const Target& target);
std::string cannot_be_resized(const std::vector<std::int64_t>& attribution, const std::vector<std::int64_t>& input,
                              Interpolation mode);

/// Of a layer of `count` tensors, of which number `chosen`, of this shape, is explained.
std::string layer_of_several_tensors(const std::string& layer, std::size_t count, std::size_t chosen,
                                     const std::vector<std::int64_t>& shape);

/// Of a layer whose axes are not known.
std::string layout_unknown(const std::vector<std::int64_t>& shape);
std::string layout_assumed(const std::vector<std::int64_t>& input);

/// Whether Captum could resize an attribution to an input; where not, the result for that input is empty.
bool can_be_resized(const std::vector<std::int64_t>& attribution, const std::vector<std::int64_t>& input,
                    Interpolation mode);

/// Throws LayerError for a layer's tensor at which there is no Grad-CAM.
void require_channels(const std::vector<std::int64_t>& activation);

}  // namespace whycam::core
