// How what moves numbers is said in ONNX.
#include <algorithm>

#include "formats/onnx/node_writer.h"
#include "graph/operators.h"

namespace whycam::onnx {

using graph::Integers;

std::string write_reshape(const NodeWriter& w) { return w.reshape(w.in(), w.extents()); }
std::string write_expand(const NodeWriter& w) { return w.emit("Expand", {w.in(), w.to.shape(w.extents())}); }

std::string write_transpose(const NodeWriter& w) {
  return w.in().as("Transpose", {{"perm", w.node.as<graph::TransposeAttributes>().permutation}});
}

std::string write_concat(const NodeWriter& w) {
  Tensors parts;
  for (std::size_t i = 0; i < w.node.inputs.size(); ++i) parts.push_back(w.in(i));
  return w.emit("Concat", parts, {{"axis", w.node.as<graph::ConcatAttributes>().axis}});
}

std::string write_slice(const NodeWriter& w) {
  const auto& a = w.node.as<graph::SliceAttributes>();
  Integers axes, begins, ends, steps;
  const std::vector<Extent> from = w.extents_in(), to = w.extents();
  for (std::size_t d = 0; d < from.size(); ++d) {
    if (from[d].size == to[d].size && from[d].factor == to[d].factor) continue;
    if (from[d].factor != 0 || to[d].factor != 0) w.to.refuse("it takes a part of the batch");
    axes.push_back(static_cast<std::int64_t>(d));
    begins.push_back(a.begin[d]);
    ends.push_back(a.begin[d] + (to[d].size - 1) * a.step[d] + 1);
    steps.push_back(a.step[d]);
  }
  if (axes.empty()) return w.in();
  return w.emit("Slice",
                {w.in(), w.to.integers(begins), w.to.integers(ends), w.to.integers(axes), w.to.integers(steps)});
}

namespace {

/// x with steps between the elements of dimension d: a new axis behind it, filled up.
Term spread(const NodeWriter& w, const Term& x, std::vector<Extent>& extents, std::size_t d, std::int64_t step) {
  std::vector<Extent> apart = extents;
  apart.insert(apart.begin() + static_cast<std::ptrdiff_t>(d) + 1, Extent{1, 0});
  Integers pads(2 * apart.size(), 0);
  pads[apart.size() + d + 1] = step - 1;
  extents[d].size *= step;
  const Term fill = x.number(w.node.as<graph::EmbedAttributes>().fill);
  return w.reshape(w.emit("Pad", {w.reshape(x, apart), w.to.integers(pads), fill}), extents);
}

}  // namespace

std::string write_embed(const NodeWriter& w) {
  const auto& a = w.node.as<graph::EmbedAttributes>();
  const std::vector<Extent> from = w.extents_in(), to = w.extents();
  Term x = w.in();
  Integers pads(2 * from.size(), 0);
  std::vector<Extent> wide = from;
  for (std::size_t d = 0; d < from.size(); ++d) {
    if (from[d].factor != 0 || to[d].factor != 0) {
      if (from[d].factor != to[d].factor) w.to.refuse("it is put into a larger batch");
      continue;
    }
    if (a.step[d] > 1 && from[d].size > 1) x = spread(w, x, wide, d, a.step[d]);
    pads[d] = a.begin[d];
    // Less than 0 where the last element's filling reaches beyond the end.
    pads[from.size() + d] = to[d].size - a.begin[d] - wide[d].size;
  }
  if (std::all_of(pads.begin(), pads.end(), [](std::int64_t pad) { return pad == 0; })) return x;
  return w.emit("Pad", {x, w.to.integers(pads), x.number(a.fill)});
}

}  // namespace whycam::onnx
