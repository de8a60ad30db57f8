#include "whycam/precision.h"

#include "core/name_table.h"
#include "whycam/errors.h"

namespace whycam {
namespace {

constexpr core::NameTable<Precision, 2> names{{{Precision::exact, "exact"}, {Precision::fast, "fast"}}};

}  // namespace

const char* to_string(Precision precision) { return core::name_in(names, precision); }

Precision precision_named(const std::string& name) {
  if (const auto precision = core::value_in(names, name)) return *precision;
  throw InputError("the precision is exact or fast, not \"" + name + "\"");
}

}  // namespace whycam
