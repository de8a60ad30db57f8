// What runs have found as tables: a row a picture and target.
#pragma once

#include <string>
#include <vector>

#include "manifest.h"

namespace whycam::cli {

/// The rows of an input: one an example and target, or one that says why it was skipped. All have the same names, those
/// of the columns, in order; what there is not is null.
std::vector<Json> rows_of(const ManifestLines& lines);

/// The first line of the table, and one a row, as RFC 4180 has them, with line ends of one character. A list is its
/// values with ";" between them, a class of several indices as --target takes it.
std::string csv_heading();
std::string csv_line(const Json& row);

}  // namespace whycam::cli
