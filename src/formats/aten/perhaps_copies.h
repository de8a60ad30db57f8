// What contiguous() gives where it is not known how its tensor lies in memory: the tensor itself, or a copy.
#pragma once

#include <vector>

#include "graph/graph.h"

namespace whycam::aten {

/// `copies` are in the graph as copies. Throws CannotCompile where the explanation would be another one if one of them
/// were the tensor itself: its own gradient is then all that its readers give, which guided backpropagation clips where
/// it enters a ReLU, and which a layer of it shows. (Operations in place that would tell are refused as on any view.)
void require_no_difference(const graph::Graph& graph, const std::vector<graph::Value>& copies,
                           const std::vector<std::vector<graph::Value>>& layers);

}  // namespace whycam::aten
