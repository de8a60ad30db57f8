#include "explain/layer_tensor.h"

#include "core/shape_text.h"
#include "graph/layout.h"

namespace whycam::explain {
std::vector<std::string> choose_tensors(graph::Forward& forward, const std::vector<std::string>& names) {
  std::vector<std::string> sentences;
  std::vector<graph::Axes> axes;
  for (std::size_t i = 0; i < forward.layers.size(); ++i) {
    std::vector<graph::Value>& values = forward.layers[i];
    if (values.size() < 2) continue;
    if (axes.empty()) axes = graph::find_axes(forward.graph, forward.inputs);
    graph::Value chosen = values.back();
    for (const graph::Value value : values) {
      const graph::Shape& shape = forward.graph.shape(value);
      const auto layout = graph::layout_of(axes[static_cast<std::size_t>(value)]);
      if (graph::has_space(shape, layout ? *layout : graph::channels_first(shape.size()))) chosen = value;
    }
    sentences.push_back("the layer \"" + names[i] + "\" gives " + std::to_string(values.size()) +
                        " tensors; what is explained is the last with spatial extent, of " +
                        core::shape_text(forward.graph.shape(chosen)) + ": name another as \"" + names[i] + ":0\", \"" +
                        names[i] + ":1\" and so on");
    values = {chosen};
  }
  return sentences;
}

}  // namespace whycam::explain
