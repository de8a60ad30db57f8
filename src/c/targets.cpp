#include <algorithm>
#include <cstring>

#include "c/failure.h"
#include "c/objects.h"

namespace whycam::c {
namespace {

template <class Make>
whycam_status new_target(whycam_target** into, const Make& make) {
  return guarded([&] {
    whycam_target*& result = required(into, "target");
    result = new whycam_target{make()};
  });
}

/// A target that others are made of. Throws ArgumentError.
const Target& known(const whycam_target* target) {
  if (required(target, "target").rank)
    throw ArgumentError("the best class is known with the output alone: it has no region and is not compared");
  return target->target;
}

std::vector<std::int64_t> indices_of(const std::int64_t* indices, std::size_t count) {
  if (count == 0) throw ArgumentError("a target has at least one index");
  return {&required(indices, "indices"), indices + count};
}

Region region_named(const std::string& name, const whycam_tensor* mask) {
  if (name == "mask") return Region::mask(tensor_of(required(mask, "mask")));
  if (mask) throw ArgumentError("a mask goes with the region \"mask\", not with \"" + name + "\"");
  if (name == "all") return Region::all();
  if (name == "predicted") return Region::predicted();
  throw ArgumentError("there is no region \"" + name + "\"; there are all, predicted and mask");
}

}  // namespace
}  // namespace whycam::c

using namespace whycam;

whycam_status whycam_target_class(int64_t index, whycam_target** target) {
  return c::new_target(target, [&] { return whycam_target{Target(index)}; });
}

whycam_status whycam_target_at(const int64_t* indices, size_t count, whycam_target** target) {
  return c::new_target(target, [&] { return whycam_target{Target::at(c::indices_of(indices, count))}; });
}

whycam_status whycam_target_per_example(const int64_t* indices, size_t count, whycam_target** target) {
  return c::new_target(target, [&] { return whycam_target{Target::per_example(c::indices_of(indices, count))}; });
}

whycam_status whycam_target_best(size_t rank, whycam_target** target) {
  return c::new_target(target, [&] { return whycam_target{Target(), rank}; });
}

whycam_status whycam_target_similarity(const whycam_tensor* reference, whycam_target** target) {
  return c::new_target(
      target, [&] { return whycam_target{Target::similarity(c::tensor_of(c::required(reference, "reference")))}; });
}

whycam_status whycam_target_over(const whycam_target* target, const char* region, const whycam_tensor* mask,
                                 whycam_target** over) {
  return c::new_target(over, [&] {
    return whycam_target{c::known(target).over(c::region_named(&c::required(region, "region"), mask))};
  });
}

whycam_status whycam_target_negated(const whycam_target* target, whycam_target** negated) {
  return c::new_target(negated, [&] { return whycam_target{c::known(target).negated()}; });
}

whycam_status whycam_target_minus(const whycam_target* target, const whycam_target* other, whycam_target** difference) {
  return c::new_target(difference, [&] { return whycam_target{c::known(target).minus(c::known(other))}; });
}

void whycam_target_free(whycam_target* target) { delete target; }
