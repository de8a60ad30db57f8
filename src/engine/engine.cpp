#include "engine/engine.h"

#include "engine/autograd/autograd_engine.h"

namespace whycam::engine {

std::shared_ptr<const Engine> engine_for(const Model& model) { return autograd_engine(model.network()); }

}  // namespace whycam::engine
