// Which networks Network::load reads where there is no libtorch; src/torch/attribution/torch_network.cpp says it where
// there is.
#include "core/network_source.h"
#include "explain/network_state.h"
#include "whycam/errors.h"

whycam::Network whycam::explain::open(const core::NetworkSource& source) {
  if (auto state = open_graph(source)) return Network(std::move(state));
  const std::string name = source.name();
  const std::string how =
      "; write one from Python with torch.export.save(torch.export.export(network, (example,)), \"network.pt2\")";
  if (core::network_signature(source).substr(0, 2) == "PK")  // a zip archive
    throw ModelError(
        name + " is a TorchScript file, which takes libtorch; without it whycam reads .pt2 and ONNX networks" + how);
  throw ModelError(name + " is no .pt2 or ONNX network" + how);
}
