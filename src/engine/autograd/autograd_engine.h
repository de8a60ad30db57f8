// Any network, through libtorch's autograd.
#pragma once

#include <memory>

#include "engine/engine.h"
#include "model/network.h"

namespace whycam::engine {

std::shared_ptr<const Engine> autograd_engine(std::shared_ptr<const network::Network> network);

}  // namespace whycam::engine
