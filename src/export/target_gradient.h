// What an exported file explains, as nodes: the gradient that the explanation starts from.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "graph/program.h"
#include "whycam/export.h"
#include "whycam/target.h"

namespace whycam::exporting {

/// The inputs of the graph that the gradient is computed of: 1 at the chosen class (or at the chosen element, where no
/// region is) of each example, and the mask, N x space.
constexpr char chosen_input[] = "output_gradient", mask_input[] = "mask";

/// For an output whose axis `class_axis` counts the classes. Throws TargetError where the output has no such region or
/// class.
graph::Seed target_gradient(const ExportedTarget& target, std::size_t class_axis);

/// The same target for these classes (elements of the row, where no region is) and that mask.
Target target_of(const ExportedTarget& target, const std::vector<std::int64_t>& chosen, const picture::Array& mask);

}  // namespace whycam::exporting
