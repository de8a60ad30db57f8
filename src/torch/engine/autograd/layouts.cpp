#include "torch/engine/autograd/layouts.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>

#include "core/warning_texts.h"
#include "torch/engine/compiled/lowering.h"
#include "torch/model/inputs.h"
#include "whycam/errors.h"

namespace whycam::engine {
namespace {

using graph::Layout;
using graph::Shape;

/// Puts libtorch's random numbers back: a run to look at shapes leaves no trace in them.
class RandomNumbersPutBack {
 public:
  RandomNumbersPutBack() : state_(generator().get_state()) {}
  ~RandomNumbersPutBack() { generator().set_state(state_); }
  RandomNumbersPutBack(const RandomNumbersPutBack&) = delete;
  RandomNumbersPutBack& operator=(const RandomNumbersPutBack&) = delete;

 private:
  static at::Generator generator() { return at::detail::getDefaultCPUGenerator(); }
  at::Tensor state_;
};

/// The shape of a layer's tensor where axis `d` of the inputs is twice as long; nothing where the layer is not reached.
std::optional<Shape> shape_with_more(const network::RunnableNetwork& network, const Request& request, std::size_t layer,
                                     std::size_t tensor, std::size_t d) {
  const RandomNumbersPutBack random_numbers;
  const c10::InferenceMode not_inference(false);
  const torch::AutoGradMode with_gradients(true);
  std::vector<torch::Tensor> inputs;
  for (const torch::Tensor& input : request.inputs) {
    Shape shape = input.sizes().vec();
    if (shape.size() == request.inputs[0].sizes().size()) shape[d] *= 2;
    inputs.push_back(at::zeros(shape, input.options()));
  }
  network::Recorder recorder(request.layers.size(), network::Recorder::Detail::shapes_only);
  for (std::size_t i = 0; i < request.layers.size(); ++i) recorder.want_call(i, request.layers[i].call());
  try {
    network.run(network::OwnInputs(inputs).given, network::own_arguments(request.additional_forward_args),
                request.layers, request.layer_inputs ? network::LayerSide::input : network::LayerSide::output,
                recorder);
  } catch (const Error&) {  // behind the layer, perhaps: a classifier takes one size
  }
  if (!recorder.ran(layer)) return std::nullopt;
  const auto tensors =
      explained_tensors(request.layers[layer], network.name_of(request.layers[layer]), recorder.observations(layer));
  return tensors.size() > tensor ? std::optional(tensors[tensor].activation.sizes().vec()) : std::nullopt;
}

/// The axis that grows from one shape to another, where it is the only one.
std::optional<std::size_t> grown_axis(const Shape& from, const Shape& to) {
  std::optional<std::size_t> found;
  if (from.size() != to.size()) return found;
  for (std::size_t d = 0; d < from.size(); ++d) {
    if (from[d] == to[d]) continue;
    if (found) return std::nullopt;
    found = d;
  }
  return found;
}

/// A grid of places in one axis, of pictures: twice the height adds as many as there are.
std::optional<Layout> tokens(const Shape& shape, const Shape& higher, const Shape& wider, const Shape& input) {
  const std::int64_t places = higher[1] - shape[1], before = shape[1] - places;
  if (shape.size() != 3 || input.size() != 4 || places != wider[1] - shape[1] || places < 1 || before < 0)
    return std::nullopt;
  const std::int64_t height =
      std::llround(std::sqrt(static_cast<double>(places * input[2]) / static_cast<double>(input[3])));
  if (height < 1 || places % height != 0 || height * input[3] != places / height * input[2]) return std::nullopt;
  Layout layout;
  layout.permutation = graph::channels_last(4).permutation;
  layout.grid_axis = 1;
  layout.before = before;
  layout.grid = {height, places / height};
  return layout;
}

std::optional<Layout> layout_by_growth(const network::RunnableNetwork& network, const Request& request,
                                       std::size_t layer, std::size_t tensor, const Shape& shape) {
  const Shape input = request.inputs[0].sizes().vec();
  std::vector<Shape> grown;
  std::vector<std::size_t> axes;
  for (std::size_t d = 2; d < input.size(); ++d) {
    const auto larger = shape_with_more(network, request, layer, tensor, d);
    const auto axis = larger ? grown_axis(shape, *larger) : std::nullopt;
    if (!axis) return std::nullopt;
    grown.push_back(*larger);
    axes.push_back(*axis);
  }
  if (axes.size() == 2 && axes[0] == 1 && axes[1] == 1) return tokens(shape, grown[0], grown[1], input);
  if (shape.size() != axes.size() + 2) return std::nullopt;
  Layout layout;
  std::vector<bool> taken(shape.size(), false);
  taken[0] = true;
  for (const std::size_t axis : axes) {
    if (taken[axis]) return std::nullopt;
    taken[axis] = true;
  }
  layout.permutation = {0, std::find(taken.begin(), taken.end(), false) - taken.begin()};
  layout.permutation.insert(layout.permutation.end(), axes.begin(), axes.end());
  return layout;
}

/// Where there is no graph.
methods::Layouts layouts_by_runs(const network::RunnableNetwork& network, const Request& request,
                                 const AutogradRun& run) {
  methods::Layouts layouts;
  for (const torch::Tensor& input : request.inputs) {
    const Shape shape = input.sizes().vec();
    layouts.inputs.push_back(
        *methods::layout_for(shape, request.settings.input_layout, graph::channels_first(shape.size())));
  }
  for (std::size_t layer = 0; layer < request.layers.size(); ++layer) {
    auto& of_layer = layouts.layers.emplace_back();
    const auto& activations = run.layer_activations()[layer];
    for (std::size_t tensor = 0; tensor < activations.size(); ++tensor) {
      const Shape shape = activations[tensor].sizes().vec();
      std::optional<Layout> found;
      const bool chosen = request.settings.layer_layout.kind != whycam::Layout::Kind::automatic;
      if (!chosen && !run.axes_were_moved(layer, tensor) && shape.size() == request.inputs[0].sizes().size())
        found = graph::channels_first(shape.size());
      else if (!chosen && shape.size() > 2)
        found = layout_by_growth(network, request, layer, tensor, shape);
      const auto layout = methods::layout_for(shape, request.settings.layer_layout, found);
      if (!layout) throw LayerError(core::layout_unknown(shape));
      of_layer.push_back(*layout);
    }
  }
  return layouts;
}

bool fit(const methods::Layouts& layouts, const AutogradRun& run) {
  for (std::size_t layer = 0; layer < layouts.layers.size(); ++layer)
    if (layouts.layers[layer].size() != run.layer_activations()[layer].size()) return false;
  return true;
}

}  // namespace

methods::Layouts layouts_of(const network::RunnableNetwork& network, const Request& request, const AutogradRun& run) {
  try {
    const graph::Forward forward = lower(network, request);
    methods::Layouts layouts =
        methods::find_layouts(forward, request.settings.layer_layout, request.settings.input_layout);
    if (fit(layouts, run)) return layouts;
  } catch (const CannotCompile&) {
  }
  return layouts_by_runs(network, request, run);
}

std::optional<std::size_t> class_axis_of(const network::RunnableNetwork& network, Request request) {
  request.layers.clear();
  try {
    return methods::find_layouts(lower(network, request), {}, request.settings.input_layout).class_axis;
  } catch (const CannotCompile&) {
    return std::nullopt;
  }
}

}  // namespace whycam::engine
