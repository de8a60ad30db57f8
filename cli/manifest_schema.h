// What a line of manifest.jsonl holds. The file lies where anybody may have changed it, so each line is checked before
// it is believed.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace whycam::cli {

using Json = nlohmann::ordered_json;

/// The longest line that is read, in bytes.
constexpr std::size_t longest_line = 1 << 20;

/// A text as JSON; a discarded value where it is none, or nested more than 8 deep (lines are 6 deep).
Json parse_json(const std::string& text);

/// Why a line is not as whycam writes them: a name that is missing, of another type or out of range, or a file's name
/// that leads out of the folder. Empty where it is sound. A sound line has every name that this version reads, but
/// for input_crc32, which is checked where it is used.
std::string fault_of_line(const Json& line);

/// Whether a name can be that of a file in the folder, or in a folder below it: "a/b.png".
bool is_name_in_folder(const std::string& name);

/// A number as JSON has it; JSON has none that is not finite, so these are "NaN", "Infinity" and "-Infinity".
Json number_in_json(double number);

}  // namespace whycam::cli
