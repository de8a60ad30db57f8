// Networks whose weights are replaced.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "whycam/model.h"
#include "whycam/options.h"

namespace whycam::trust {

/// The modules with weights of their own, in the order in which they end on this input. Those that do not run are left out. Throws ModelError
/// where the network has none that can be replaced, saying why.
std::vector<std::string> modules_with_weights(const Model& model, const torch::Tensor& input, const AttributeOptions& options);

/// A copy of the network with the weights of these modules replaced; the same seed gives a module the same weights, whichever others
/// are replaced.
Model randomised(const Model& model, const std::vector<std::string>& modules, std::uint64_t seed);

}  // namespace whycam::trust
