// Gradients, plain and guided, as ordinary nodes of the same graph.
#pragma once

#include <vector>

#include "graph/graph.h"

namespace whycam::graph {

/// What happens at ReLUs on the way back. The sources are those of whycam::GuidedRule and its Deconvolution.
struct ReluTreatment {
  enum class Gradient { plain, guided, deconvolution } gradient = Gradient::plain;
  /// The rule works at the ReLU itself (Springenberg et al. 2014, section 3.4; Zeiler and Fergus 2014), not at the
  /// tensor that enters it, where all its gradients meet (Captum).
  bool at_the_relu = false;
  /// ReLU6 and other functions that are cut off at 0 and above are treated, too.
  bool clipped_relus = false;
};

/// Whether a node lets no gradient pass.
bool is_detach(const Node& node);

/// Whether a node is a ReLU for the treatment.
bool is_relu(const Node& node, bool clipped_relus);

/// Adds the gradient of sum(output * output_gradient) with respect to the wanted values, and gives it: one value each,
/// no_value where the output does not depend on it. Throws std::invalid_argument where an operator between them has no
/// gradient.
std::vector<Value> differentiate(Graph& graph, Value output, Value output_gradient, const std::vector<Value>& wanted,
                                 const ReluTreatment& treatment);

}  // namespace whycam::graph
