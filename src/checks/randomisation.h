// Networks whose weights are replaced.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "whycam/model.h"
#include "whycam/options.h"

namespace whycam::checks {

/// The modules with weights of their own.
struct WeightedModules {
  std::vector<std::string> called;      ///< in the order in which they end on the input
  std::vector<std::string> not_called;  ///< what becomes of their weights is unknown; "" is the network itself
};

/// Throws ModelError where the network has no module whose weights can be replaced, saying why.
WeightedModules modules_with_weights(const Model& model, const torch::Tensor& input, const AttributeOptions& options);

/// A copy of the network with the weights of these modules replaced; the same seed gives a module the same weights,
/// whichever others are replaced. A weight that several modules share stays one: it is replaced in all of them.
Model randomised(const Model& model, const std::vector<std::string>& modules, std::uint64_t seed);

}  // namespace whycam::checks
