// What folded() does for each operator: for the inside of fold*.cpp.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "formats/pt2/fold.h"

namespace whycam::pt2 {

using Fold = std::function<known::Array(const aten::Call&)>;
using Folds = std::map<std::string, Fold>;

/// What takes numbers from known places, or puts some there.
void add_indexing_folds(Folds& folds);
/// What computes with the bits of whole numbers.
void add_bit_folds(Folds& folds);

}  // namespace whycam::pt2
