// What a rule changes at a ReLU.
#pragma once

#include <string>

#include "whycam/api.h"

namespace whycam {

/// Which gradient a rule changes at a ReLU.
enum class GuidedRule {
  captum,  ///< the whole gradient of the tensor that enters the ReLU, as Captum's hook does
  paper,   ///< only what passes through the ReLU (Springenberg et al. 2014, section 3.4)
};

/// "captum" or "paper". Throws InputError for other names.
WHYCAM_API GuidedRule guided_rule_named(const std::string& name);

}  // namespace whycam
