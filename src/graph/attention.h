// Attention as ordinary nodes of the graph, for every format.
#pragma once

#include "graph/graph.h"

namespace whycam::graph {

/// The score of what is masked: its weight is 0, and no arithmetic with it overflows.
constexpr float never = -1e30F;

/// softmax(q k^T * scale + mask) v, of tensors of ... x places x channels.
Value attention(Graph& graph, Value q, Value k, Value v, double scale, Value mask = no_value);

/// Whether a row of flags, along the last axis, has this one alone.
bool has_row_of(bool flag, const std::vector<double>& flags, const Shape& shape);

/// Flags of queries x keys, set where a query may look at a key: a key is masked for all earlier queries.
std::vector<double> causal_flags(std::int64_t queries, std::int64_t keys);
/// 0 where such a flag is set, else `never`.
Value causal_mask(Graph& graph, std::int64_t queries, std::int64_t keys);

/// 0 where a flag is set, else `never`. Throws std::invalid_argument where a row has no flag that is set: there is no
/// softmax of it, and runtimes differ in what they make of it.
Value mask_of_flags(Graph& graph, const std::vector<double>& flags, const Shape& shape);

/// Keys or values (... x heads x places x channels) that several heads of queries share, once for each of them. Throws
/// std::invalid_argument where there are no heads, or the numbers do not divide.
Value for_each_head(Graph& graph, Value x, std::int64_t heads);

/// x of N x places x (heads * channels) as N x heads x places x channels, and back.
Value split_heads(Graph& graph, Value x, std::int64_t heads);
Value join_heads(Graph& graph, Value x);

}  // namespace whycam::graph
