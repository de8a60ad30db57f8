// Calls into C libraries that report failures by a long jump.
#pragma once

#include <csetjmp>

namespace whycam::picture {

/// A call that may jump to trouble.jump; false where it did. A long jump may not pass over objects with destructors:
/// only plain values live between here and the calls, and what was said is kept in `trouble`.
template <class Trouble, class Call>
[[gnu::noinline]] bool attempt(Trouble& trouble, Call call) {
  if (setjmp(trouble.jump)) return false;
  call();
  return true;
}

}  // namespace whycam::picture
