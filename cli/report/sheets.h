// Contact sheets over the inputs of a folder's runs.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "report/report.h"

namespace whycam::cli {

/// Writes drawings of the inputs and their maps, a row an example and target, 20 rows in each, which the last may not
/// fill: "contact-sheet-1.svg" and on. Gives their names. Throws OutputError.
std::vector<std::string> write_sheets(const std::filesystem::path& to, const std::filesystem::path& folder,
                                      const std::vector<ManifestLines>& inputs, const ReadAgain& read);

}  // namespace whycam::cli
