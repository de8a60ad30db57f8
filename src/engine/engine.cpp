#include "engine/engine.h"

#include "engine/autograd/autograd_engine.h"
#include "engine/parallel_engine.h"

namespace whycam::engine {

std::shared_ptr<const Engine> engine_for(const Model& model, const std::vector<torch::Device>& devices) {
  return devices.empty() ? autograd_engine(model.network()) : parallel_engine(model, devices);
}

}  // namespace whycam::engine
