#include "formats/aten/rules.h"

namespace whycam::aten {

const Rules& rules() {
  static const Rules all = [] {
    Rules made;
    add_window_rules(made);
    add_arithmetic_rules(made);
    add_shaping_rules(made);
    add_indexing_rules(made);
    add_normalisation_rules(made);
    add_resizing_rules(made);
    add_attention_rules(made);
    add_recurrent_rules(made);
    add_composed_rules(made);
    return made;
  }();
  return all;
}

}  // namespace whycam::aten
