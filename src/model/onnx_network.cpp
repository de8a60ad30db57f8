// Networks from ONNX files.
#include "formats/onnx/network.h"

#include "core/warning_texts.h"
#include "model/network.h"
#include "whycam/errors.h"

namespace whycam::network {
namespace {

class OnnxNetwork : public Network, public std::enable_shared_from_this<OnnxNetwork> {
 public:
  explicit OnnxNetwork(std::shared_ptr<const onnx::Network> network) : network_(std::move(network)) {}

  c10::IValue run(const std::vector<torch::Tensor>&, const std::vector<c10::IValue>&, const std::vector<Layer>&,
                  LayerSide, Recorder&) const override {
    throw ModelError(core::no_autograd());
  }

  const onnx::Network* onnx() const override { return network_.get(); }
  bool can_observe(const Layer& layer, LayerSide) const override {
    return !layer.module() && network_->has_layer(layer.path());
  }
  std::shared_ptr<const Script> script(const std::vector<Layer>&, LayerSide) const override { return nullptr; }
  std::vector<std::string> warnings(const std::vector<Layer>& layers, LayerSide side) const override {
    std::vector<std::string> all;
    for (const Layer& layer : layers)
      if (side == LayerSide::output && network_->gives_computed_convolution(layer.path()))
        all.push_back(core::computed_convolution(layer.path()));
    return all;
  }
  std::vector<LayerName> layer_names() const override {
    std::vector<LayerName> names;
    for (const onnx::Layer& layer : network_->layers()) names.push_back({layer.name, layer.type});
    return names;
  }
  std::string name_of(const Layer& layer) const override { return layer.path(); }
  std::optional<torch::Device> device() const override { return torch::Device(torch::kCPU); }
  std::optional<torch::ScalarType> floating_type() const override { return torch::kFloat; }
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

}  // namespace whycam::network
