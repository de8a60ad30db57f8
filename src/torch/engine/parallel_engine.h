// One network on several devices, the batch split over them.
#pragma once

#include <memory>
#include <vector>

#include "torch/engine/engine.h"

namespace whycam::engine {

/// Copies the model to each device. A request's batch is cut into as many parts, which run at once; what they give is
/// joined in order on the inputs' device. Additional arguments that are tensors with the batch's number of rows are cut
/// with it, everything else goes to every device. Captum: device_ids, for networks in DataParallel.
std::shared_ptr<const Engine> parallel_engine(const Model& model, const std::vector<torch::Device>& devices);

}  // namespace whycam::engine
