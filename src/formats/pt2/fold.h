// What operators give for numbers that are known: constants, sizes, indices and masks.
#pragma once

#include <string>
#include <vector>

#include "formats/aten/call.h"
#include "formats/known/array.h"

namespace whycam::pt2 {

/// Whether a call only looks at a part of argument 0 or at another shape of it, so that what it gives shares its
/// memory.
bool is_view(const std::string& op);
/// What such a call makes of argument 0, or of the places of its numbers in memory: one array for each result.
std::vector<known::Array> viewed(const std::string& op, const aten::Call& call, const known::Array& x);

/// Whether an operator reads no number of argument 0, but its shape alone.
bool looks_at_shape(const std::string& op);
/// Whether folded() knows an operator.
bool folds(const std::string& op);
/// What an operator gives whose tensors are all known: one array for each result. Throws std::invalid_argument or
/// CannotCompile where they do not fit.
std::vector<known::Array> folded(const std::string& op, const aten::Call& call);

/// As a tensor of the type holds them: truths are 0 and 1, and beyond the largest of a type's whole numbers comes the
/// least.
void hold(std::vector<double>& numbers, aten::Type type);

/// A tensor's numbers, or a single number.
known::Array array_of(const aten::Call& call, std::size_t argument);

}  // namespace whycam::pt2
