// Layers of networks from ONNX files.
#pragma once

#include <vector>

#include "onnx/network.h"
#include "whycam/layer.h"
#include "whycam/model.h"

namespace whycam::network {

/// The network's graph with these layers observed. Throws LayerError for one that is not there, onnx::Error as Network::lower does.
onnx::Lowered lower_onnx(const onnx::Network& network, const std::vector<onnx::Given>& inputs, const std::vector<Layer>& layers,
                         bool layer_inputs);

/// What Model::layers gives.
std::vector<LayerInfo> onnx_layers(const onnx::Network& network, const std::vector<onnx::Given>& inputs);

}  // namespace whycam::network
