// report.html: a run as one page that opens from disk.
#pragma once

#include <vector>

#include "results.h"
#include "whycam/picture/preprocess.h"

namespace whycam::cli {

/// The page, with @DATA@ where its data go.
extern const char* const report_page;

/// Writes the page from what the run has left: the document (see Record), the lines of each input, and the
/// pictures in its folder. All pictures are inside of the page, as JPEG. An input's own is left out where its file has
/// changed since it was explained, or is gone, and a map where its file cannot be read; the page says so. Throws
/// OutputError.
void write_report(const RunSettings& settings, const Json& document, const std::vector<ManifestLines>& inputs,
                  InputReader& reader);

}  // namespace whycam::cli
