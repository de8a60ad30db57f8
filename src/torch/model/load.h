// Networks from wherever they are.
#pragma once

#include "core/network_source.h"
#include "whycam/model.h"

namespace whycam::network {

/// What Model::load does, whatever the network is read from.
Model load(const core::NetworkSource& source, torch::Device device);

}  // namespace whycam::network
