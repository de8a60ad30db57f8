#include "whycam/merge.h"

#include <array>

#include "whycam/errors.h"

namespace whycam {
namespace {

constexpr std::array<const char*, 3> names{"none", "mean", "max"};

}  // namespace

const char* to_string(Merge merge) { return names.at(static_cast<std::size_t>(merge)); }

Merge merge_named(const std::string& name) {
  for (const Merge merge : {Merge::none, Merge::mean, Merge::max})
    if (name == to_string(merge)) return merge;
  throw InputError("layers are merged by mean or max, not by \"" + name + "\"");
}

}  // namespace whycam
