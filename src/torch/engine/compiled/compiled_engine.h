// Networks that can be compiled, on oneDNN.
#pragma once

#include <memory>

#include "torch/engine/compiled/lowering.h"
#include "torch/engine/engine.h"
#include "torch/model/network.h"

namespace whycam::engine {

/// Its forward() throws CannotCompile for what it cannot do; that costs a compilation once, then nothing.
std::shared_ptr<const Engine> compiled_engine(std::shared_ptr<const network::Network> network);

}  // namespace whycam::engine
