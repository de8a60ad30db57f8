// What happens to a gradient at a ReLU, on its way to the inputs.
#pragma once

#include "whycam/guided_rule.h"

namespace whycam::core {

enum class ReluGradient { plain, guided, deconvolution };

struct ReluRule {
  ReluGradient gradient = ReluGradient::plain;
  GuidedRule rule = GuidedRule::captum;
  bool clipped_relus = false;  ///< ReLU6 and its like follow the rule too

  bool operator==(const ReluRule& other) const {
    return gradient == other.gradient && rule == other.rule && clipped_relus == other.clipped_relus;
  }
};

}  // namespace whycam::core
