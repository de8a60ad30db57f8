// Networks from ONNX files, and what their layers are.
#include "onnx/network.h"

#include "model/failure.h"
#include "model/network.h"
#include "model/onnx_layers.h"
#include "whycam/errors.h"
#include "whycam/nearest_names.h"

namespace whycam::network {
namespace {

class OnnxNetwork : public Network, public std::enable_shared_from_this<OnnxNetwork> {
 public:
  explicit OnnxNetwork(std::shared_ptr<const onnx::Network> network) : network_(std::move(network)) {}

  c10::IValue run(const std::vector<torch::Tensor>&, const std::vector<c10::IValue>&, const std::vector<Layer>&, LayerSide,
                  Recorder&) const override {
    throw ModelError("an ONNX network has no autograd engine; leave the choice of engine open, or take compiled");
  }

  const onnx::Network* onnx() const override { return network_.get(); }
  bool can_observe(const Layer& layer, LayerSide) const override { return !layer.module() && network_->has_layer(layer.path()); }
  std::unique_ptr<const Script> script(const std::vector<Layer>&, LayerSide) const override { return nullptr; }
  std::vector<LayerName> layer_names() const override {
    std::vector<LayerName> names;
    for (const onnx::Layer& layer : network_->layers()) names.push_back({layer.name, layer.type});
    return names;
  }
  std::string name_of(const Layer& layer) const override { return layer.path(); }
  std::optional<torch::Device> device() const override { return torch::Device(torch::kCPU); }
  std::uint64_t weights_version() const override { return 0; }
  std::shared_ptr<const Network> replica(torch::Device device) const override {
    if (!device.is_cpu()) throw ModelError("an ONNX network is explained on the CPU alone, not on " + device.str());
    return shared_from_this();
  }

 private:
  std::shared_ptr<const onnx::Network> network_;
};

}  // namespace

std::shared_ptr<const Network> onnx_network(std::shared_ptr<const onnx::Network> network) {
  return std::make_shared<OnnxNetwork>(std::move(network));
}

onnx::Lowered lower_onnx(const onnx::Network& network, const std::vector<onnx::Given>& inputs, const std::vector<Layer>& layers,
                         bool layer_inputs) {
  std::vector<std::string> names;
  for (const Layer& layer : layers) {
    if (layer.module()) throw LayerError("a layer of an ONNX network is named by its node, a tensor or a module path; a reference to a module names none");
    if (!network.has_layer(layer.path())) {
      std::vector<std::string> all;
      for (const onnx::Layer& one : network.layers()) all.push_back(one.name);
      throw LayerError("there is no layer \"" + layer.path() + "\"; the nearest are " + one_of(nearest_names(layer.path(), all)));
    }
    names.push_back(layer.path());
  }
  return network.lower(inputs, names, layer_inputs);
}

namespace {

bool has_space(const graph::Shape& shape, std::size_t input_dimensions) {
  if (shape.size() < 3 || shape.size() != input_dimensions) return false;
  return graph::element_count({shape.begin() + 2, shape.end()}) > 1;
}

/// Which values some output depends on.
std::vector<bool> behind_outputs(const onnx::Lowered& lowered) {
  std::vector<bool> result(static_cast<std::size_t>(lowered.graph.size()), false);
  for (const graph::Value output : lowered.outputs)
    if (output != graph::no_value) result[static_cast<std::size_t>(output)] = true;
  for (graph::Value value = lowered.graph.size(); value-- > 0;)
    if (result[static_cast<std::size_t>(value)])
      for (const graph::Value input : lowered.graph[value].inputs) result[static_cast<std::size_t>(input)] = true;
  return result;
}

}  // namespace

std::vector<LayerInfo> onnx_layers(const onnx::Network& network, const std::vector<onnx::Given>& inputs) {
  std::vector<std::string> names;
  for (const onnx::Layer& layer : network.layers()) names.push_back(layer.name);
  const onnx::Lowered lowered = network.lower(inputs, names, false);
  const std::vector<bool> reachable = behind_outputs(lowered);
  std::vector<LayerInfo> layers;
  graph::Value last = -1;
  std::size_t last_to_run = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    LayerInfo& layer = layers.emplace_back();
    layer.path = names[i];
    layer.type = network.layers()[i].type;
    const std::vector<graph::Value>& values = lowered.layers[i];
    for (const graph::Value value : values) layer.output_shapes.push_back(lowered.graph.shape(value));
    layer.fit_for_grad_cam =
        values.size() == 1 && has_space(layer.output_shapes[0], inputs[0].shape.size()) && reachable[static_cast<std::size_t>(values[0])];
    if (!layer.fit_for_grad_cam || values[0] <= last) continue;  // of several names for one tensor the first: the outermost module's
    last = values[0];
    last_to_run = i;
  }
  if (last >= 0) layers[last_to_run].is_default = true;
  return layers;
}

}  // namespace whycam::network
