#include "methods/layouts.h"

#include "core/shape_text.h"
#include "core/warning_texts.h"
#include "whycam/errors.h"

namespace whycam::methods {
namespace {

graph::Layout tokens(const Layout& chosen) {
  graph::Layout layout;
  layout.permutation = graph::channels_last(chosen.grid.size() + 2).permutation;
  layout.grid_axis = 1;
  layout.grid = chosen.grid;
  layout.before = chosen.class_tokens;
  return layout;
}

}  // namespace

std::optional<graph::Layout> layout_for(const graph::Shape& shape, const Layout& chosen,
                                        const std::optional<graph::Layout>& found) {
  switch (chosen.kind) {
    case Layout::Kind::automatic:
      if (found) return found;
      return shape.size() < 3 ? std::optional(graph::channels_first(shape.size())) : std::nullopt;
    case Layout::Kind::channels_first:
      return graph::channels_first(shape.size());
    case Layout::Kind::channels_last:
      return graph::channels_last(shape.size());
    case Layout::Kind::tokens:
      break;
  }
  const graph::Layout layout = tokens(chosen);
  const std::int64_t count = layout.before + graph::element_count(chosen.grid);
  if (shape.size() != 3 || shape[1] != count)
    throw LayerError("the layout " + to_string(chosen) + " is for N x " + std::to_string(count) +
                     " x C, and the tensor is " + core::shape_text(shape));
  return layout;
}

Layouts find_layouts(const graph::Forward& forward, const Layout& of_layers, const Layout& of_inputs) {
  const std::vector<graph::Axes> axes = graph::find_axes(forward.graph, forward.inputs);
  const auto axes_of = [&](graph::Value value) -> const graph::Axes& { return axes[static_cast<std::size_t>(value)]; };
  Layouts result;
  for (const graph::Value input : forward.inputs) {
    const graph::Shape& shape = forward.graph.shape(input);
    const auto layout = layout_for(shape, of_inputs, graph::layout_of_input(axes_of(input)));
    if (!layout) result.warnings.push_back({"layout", core::layout_assumed(shape)});
    result.inputs.push_back(layout ? *layout : graph::channels_first(shape.size()));
  }
  if (const auto layout = graph::layout_of(axes_of(forward.output))) result.class_axis = graph::channel_axis(*layout);
  for (const std::vector<graph::Value>& layer : forward.layers) {
    auto& layouts = result.layers.emplace_back();
    bool any = false;
    for (const graph::Value value : layer) {
      const auto layout = layout_for(forward.graph.shape(value), of_layers, graph::layout_of(axes_of(value)));
      any = any || layout;
      layouts.push_back(layout ? *layout : graph::channels_first(forward.graph.shape(value).size()));
    }
    if (!any && !layer.empty()) throw LayerError(core::layout_unknown(forward.graph.shape(layer[0])));
  }
  return result;
}

std::size_t named_tensor(const std::vector<graph::Shape>& shapes, const std::vector<graph::Layout>& layouts) {
  for (std::size_t i = shapes.size(); i-- > 0;)
    if (graph::has_space(shapes[i], layouts[i])) return i;
  return shapes.size() - 1;
}

}  // namespace whycam::methods
