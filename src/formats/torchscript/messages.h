// libtorch's messages and values in words.
#pragma once

#include <exception>
#include <string>

#include "whycam/torch_tensor.h"

namespace whycam::torchscript {

/// The telling sentence of a libtorch message, without its stack traces.
std::string first_sentence(const std::exception& failure);

/// Throws MemoryError where what failed is that there was not enough memory.
void throw_if_out_of_memory(const std::exception& failure);

/// "1 x 3 x 224 x 224".
std::string shape_text(torch::IntArrayRef shape);

}  // namespace whycam::torchscript
