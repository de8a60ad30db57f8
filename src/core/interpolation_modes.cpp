#include "core/name_table.h"
#include "whycam/errors.h"
#include "whycam/interpolation_mode.h"

namespace whycam {
namespace {

constexpr core::NameTable<Interpolation, 6> names{{
    {Interpolation::nearest, "nearest"},
    {Interpolation::area, "area"},
    {Interpolation::linear, "linear"},
    {Interpolation::bilinear, "bilinear"},
    {Interpolation::bicubic, "bicubic"},
    {Interpolation::trilinear, "trilinear"},
}};

}  // namespace

const char* to_string(Interpolation mode) { return core::name_in(names, mode); }

Interpolation interpolation_named(const std::string& name) {
  if (const auto mode = core::value_in(names, name)) return *mode;
  std::string known;
  for (const auto& [value, known_name] : names) known += (known.empty() ? "" : ", ") + std::string(known_name);
  throw InputError("there is no interpolation mode \"" + name + "\"; the modes are " + known);
}

bool fits(Interpolation mode, std::int64_t dimensions) {
  switch (mode) {
    case Interpolation::nearest:
    case Interpolation::area:
      return dimensions >= 3 && dimensions <= 5;
    case Interpolation::linear:
      return dimensions == 3;
    case Interpolation::bilinear:
    case Interpolation::bicubic:
      return dimensions == 4;
    case Interpolation::trilinear:
      return dimensions == 5;
  }
  return false;
}

}  // namespace whycam
