// Which tensor a layer's name alone stands for.
#pragma once

#include <string>
#include <vector>

#include "graph/program.h"

namespace whycam::explain {

/// Of each layer that gives several tensors leaves the last with spatial extent, or the last where none has. A sentence
/// for each, which says so.
std::vector<std::string> choose_tensors(graph::Forward& forward, const std::vector<std::string>& names);

}  // namespace whycam::explain
