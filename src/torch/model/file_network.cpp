// Networks from files that are graphs already.
#include "explain/before_softmax.h"
#include "explain/network_file.h"
#include "formats/format.h"
#include "torch/model/network.h"
#include "whycam/errors.h"

namespace whycam::network {

bool FileNetwork::can_observe(const Layer& layer, LayerSide) const {
  return !layer.module() && file_->has_layer(layer.path());
}

std::vector<std::string> FileNetwork::warnings(const std::vector<Layer>& layers, LayerSide side) const {
  std::vector<std::string> all;
  if (side == LayerSide::input) return all;
  for (const Layer& layer : layers)
    for (std::string& sentence : file_->warnings(layer.path())) all.push_back(std::move(sentence));
  return all;
}

std::vector<LayerName> FileNetwork::layer_names() const {
  std::vector<LayerName> names;
  for (const formats::Layer& layer : file_->layers()) names.push_back({layer.name, layer.type});
  return names;
}

std::shared_ptr<const Network> FileNetwork::before_softmax(const std::vector<OutputElement>& output_element) const {
  std::shared_ptr<const RunnableNetwork> runnable;
  try {
    if (runnable_)
      runnable = std::dynamic_pointer_cast<const RunnableNetwork>(runnable_->before_softmax(output_element));
  } catch (const ModelError&) {  // the graph says the same, or knows better
  }
  return std::make_shared<FileNetwork>(explain::before_softmax(file_, explain::chosen_output(*file_, output_element)),
                                       std::move(runnable));
}

std::shared_ptr<const Network> FileNetwork::replica(torch::Device device) const {
  if (!device.is_cpu())
    throw ModelError(std::string("an ") + file_->format() + " network is explained on the CPU alone, not on " +
                     device.str());
  return shared_from_this();
}

}  // namespace whycam::network
