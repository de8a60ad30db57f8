// What fold() does for each operator: for the inside of array*.cpp.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "formats/known/array.h"

namespace whycam::known {

using Arrays = std::vector<const Array*>;
using Folder = std::function<Array(const Arrays&, const FoldAttributes&)>;
using Folders = std::map<std::string, Folder>;

/// Reductions, running sums and what finds places.
void add_reducing_folders(Folders& folders);
/// What goes by tuples of indices.
void add_indexing_folders(Folders& folders);

}  // namespace whycam::known
