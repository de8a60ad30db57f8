// Arithmetic with sizes, as Python does it in an exported program.
#pragma once

#include <string>

#include "formats/aten/call.h"

namespace whycam::pt2 {

/// Whether functions of a module of Python ("_operator", "math", "torch") are such arithmetic.
bool is_scalar_domain(const std::string& domain);

/// What a function gives for numbers. Throws CannotCompile for one that is not known, and where a result is beyond
/// 2^62.
aten::Argument scalar(const std::string& function, const aten::Arguments& arguments);

bool is_true(const aten::Argument& argument);

}  // namespace whycam::pt2
