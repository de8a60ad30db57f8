// report.html: a run as one page that opens from disk.
#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "input_reader.h"
#include "manifest.h"
#include "whycam/picture/image.h"

namespace whycam::cli {

/// The page, with @DATA@ where its data go.
extern const char* const report_page;

/// Reads an input again, by its lines, with views of its examples. Throws InputError.
using ReadAgain = std::function<Input(const ManifestLines&)>;

/// What was explained, one picture an example; none where the file has changed since, or is gone.
std::vector<picture::Image> seen_in(const ManifestLines& lines, const ReadAgain& read);

/// The picture of a map; nothing where its file is gone or damaged.
std::optional<picture::Image> map_in(const std::filesystem::path& folder, const std::string& name);

/// Writes the page from what runs have left: the document (see Record), the lines of each input, and the pictures in
/// their folder. All pictures are inside of the page, as JPEG. An input's own is left out where its file has changed
/// since it was explained, or is gone, and a map where its file cannot be read; the page says so. Throws OutputError.
void write_report(const std::filesystem::path& page, const std::filesystem::path& folder, const Json& document,
                  const std::vector<ManifestLines>& inputs, const ReadAgain& read);

}  // namespace whycam::cli
