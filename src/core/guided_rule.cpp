#include "whycam/guided_rule.h"

#include "whycam/errors.h"

namespace whycam {

GuidedRule guided_rule_named(const std::string& name) {
  if (name == "captum") return GuidedRule::captum;
  if (name == "paper") return GuidedRule::paper;
  throw InputError("a guided rule is captum or paper, not \"" + name + "\"");
}

}  // namespace whycam
