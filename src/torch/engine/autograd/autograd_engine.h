// Any network, through libtorch's autograd.
#pragma once

#include <memory>

#include "torch/engine/engine.h"
#include "torch/model/network.h"

namespace whycam::engine {

std::shared_ptr<const Engine> autograd_engine(std::shared_ptr<const network::RunnableNetwork> network);

}  // namespace whycam::engine
