// What a rule changes at a ReLU.
#pragma once

namespace whycam {

/// Which gradient a rule changes at a ReLU.
enum class GuidedRule {
  captum,  ///< the whole gradient of the tensor that enters the ReLU, as Captum's hook does
  paper,   ///< only what passes through the ReLU (Springenberg et al. 2014, section 3.4)
};

}  // namespace whycam
