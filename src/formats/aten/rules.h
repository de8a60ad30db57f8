// How libtorch's operators become nodes of the graph: one table for all files that hold such operators.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "formats/aten/call.h"

namespace whycam::aten {

using Rule = std::function<void(Call&)>;
using Rules = std::map<std::string, Rule>;

/// The rules by the operators' names without "aten::"; with an overload's name where it takes other arguments.
const Rules& rules();

void add_window_rules(Rules& rules);
void add_arithmetic_rules(Rules& rules);
void add_shaping_rules(Rules& rules);
void add_indexing_rules(Rules& rules);
void add_normalisation_rules(Rules& rules);
void add_resizing_rules(Rules& rules);
void add_attention_rules(Rules& rules);
void add_recurrent_rules(Rules& rules);
void add_composed_rules(Rules& rules);

}  // namespace whycam::aten
