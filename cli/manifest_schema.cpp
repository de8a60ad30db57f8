#include "manifest_schema.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>

namespace whycam::cli {
namespace {

constexpr int deepest = 8;

/// How deep brackets are nested at most, with those in strings left out.
int depth_of(const std::string& text) {
  int depth = 0, most = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (in_string && text[i] == '\\')
      ++i;
    else if (text[i] == '"')
      in_string = !in_string;
    else if (!in_string && (text[i] == '{' || text[i] == '['))
      most = std::max(most, ++depth);
    else if (!in_string && (text[i] == '}' || text[i] == ']'))
      --depth;
  }
  return most;
}

using Check = bool (*)(const Json&);

bool is_text(const Json& value) { return value.is_string(); }
bool is_path(const Json& value) {
  if (!value.is_string()) return false;
  const auto& text = value.get_ref<const std::string&>();
  return !text.empty() && text.find('\0') == std::string::npos;
}
bool is_text_or_null(const Json& value) { return value.is_string() || value.is_null(); }

/// From 0 to 2^53, as far as every reader of JSON is exact.
bool is_count(const Json& value) { return value.is_number_integer() && value >= 0 && value <= std::int64_t{1} << 53; }

bool is_number(const Json& value) {
  return value.is_number() || value == "NaN" || value == "Infinity" || value == "-Infinity";
}
bool is_number_or_null(const Json& value) { return is_number(value) || value.is_null(); }

bool is_class(const Json& value) {
  if (value.is_array()) return std::all_of(value.begin(), value.end(), is_count);
  return is_count(value) || value.is_null();
}

/// With the ending, since a file that a line names may be removed, and drawn in a report.
bool is_file_name(const Json& value, const std::string& ending) {
  if (!value.is_string()) return false;
  const auto& name = value.get_ref<const std::string&>();
  const std::size_t letters = name.size() - std::min(name.size(), name.rfind('/') + 1);  // npos + 1 is 0
  return is_name_in_folder(name) && letters > ending.size() &&
         name.compare(name.size() - ending.size(), ending.size(), ending) == 0;
}

bool is_picture(const Json& value) { return is_file_name(value, ".png"); }
bool is_contact_sheet(const Json& value) { return is_file_name(value, ".svg"); }

bool is_files(const Json& value) {
  if (!value.is_object()) return false;
  for (const Json& files : value) {
    if (!files.is_object()) return false;
    for (const auto& [kind, name] : files.items())
      if (!(kind == "picture" && is_file_name(name, ".png")) &&
          !((kind == "array" || kind == "signed_array") && is_file_name(name, ".npy")))
        return false;
  }
  return true;
}

bool is_layers(const Json& value) {
  return value.is_array() && std::all_of(value.begin(), value.end(), [](const Json& one) {
           return one.is_object() && one.contains("layer") && one["layer"].is_string() && one.contains("files") &&
                  is_files(one["files"]);
         });
}

bool is_counts_by_name(const Json& value) {
  return value.is_object() && std::all_of(value.begin(), value.end(), is_count);
}

bool is_texts(const Json& value) { return value.is_array() && std::all_of(value.begin(), value.end(), is_text); }

bool is_rectangle(const Json& value) {
  return value.is_object() &&
         std::all_of(value.begin(), value.end(), [](const Json& number) { return number.is_number(); });
}

bool is_detection(const Json& value) {
  if (!value.is_object()) return false;
  for (const auto& [name, one] : value.items())
    if (!(name == "box" || name == "asked" ? is_rectangle(one) : is_number(one))) return false;
  return true;
}

struct Field {
  const char* name;
  bool required;
  Check check;
  const char* is;  ///< what it is to be
};

constexpr std::array<Field, 24> fields{{
    {"input", true, is_path, "a path"},
    {"input_crc32", false, is_text, "text"},
    {"example", true, is_count, "a whole number from 0 on"},
    {"input_layout", false, is_text, "text"},
    {"network_saw", false, is_rectangle, "a rectangle"},
    {"detection", false, is_detection, "a row of a detector's output"},
    {"explained_picture", false, is_picture, "the name of a .png file in the folder"},
    {"class", true, is_class, "a class, indices or null"},
    {"label", true, is_text_or_null, "text or null"},
    {"explained", false, is_text, "text"},
    {"score", true, is_number, "a number"},
    {"completeness_error", false, is_number, "a number"},
    {"softmax_probability", true, is_number_or_null, "a number or null"},
    {"engine", false, is_text, "text"},
    {"why_not_compiled", false, is_text, "text"},
    {"relus_guided", false, is_count, "a whole number from 0 on"},
    {"activations_not_guided", false, is_counts_by_name, "whole numbers by name"},
    {"files", true, is_files, "names of .png and .npy files in the folder, by method"},
    {"layers", false, is_layers, "a list of layers with their files"},
    {"layer_values", false, is_layers, "a list of layers with their files"},
    {"warnings", false, is_texts, "a list of texts"},
    {"contact_sheet", false, is_contact_sheet, "the name of an .svg file in the folder"},
    {"line", true, is_count, "a whole number from 0 on"},
    {"lines", true, is_count, "a whole number from 0 on"},
}};

/// What is said of the inputs behind the first.
constexpr std::array<Field, 5> fields_of_another{{
    {"name", true, is_text, "text"},
    {"input", true, is_path, "a path"},
    {"network_saw", false, is_rectangle, "a rectangle"},
    {"files", true, is_files, "names of .png and .npy files in the folder, by method"},
    {"layers", false, is_layers, "a list of layers with their files"},
}};

template <std::size_t count>
std::string fault_of(const Json& object, const std::array<Field, count>& expected) {
  for (const Field& field : expected) {
    const auto found = object.find(field.name);
    if (found == object.end()) {
      if (field.required) return std::string("it has no \"") + field.name + "\"";
    } else if (!field.check(*found)) {
      return std::string("\"") + field.name + "\" is to be " + field.is;
    }
  }
  return "";
}

std::string fault_of_others(const Json& line) {
  const auto also = line.find("also");
  if (also == line.end()) return "";
  if (!also->is_array()) return "\"also\" is to be a list";
  for (const Json& other : *also) {
    if (!other.is_object()) return "\"also\" is to be a list of inputs";
    if (const std::string fault = fault_of(other, fields_of_another); !fault.empty()) return "in \"also\", " + fault;
  }
  return "";
}

}  // namespace

Json parse_json(const std::string& text) {
  if (depth_of(text) > deepest) return Json(Json::value_t::discarded);
  return Json::parse(text, nullptr, /*allow_exceptions=*/false);
}

bool is_name_in_folder(const std::string& name) {
  if (name.find('\0') != std::string::npos) return false;
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find('/', begin), name.size());
    const std::string part = name.substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..") return false;
    begin = end + 1;
  }
  return true;
}

std::string fault_of_line(const Json& line) {
  if (!line.is_object()) return "it is no JSON object, or nested too deep";
  if (const auto skipped = line.find("skipped"); skipped != line.end()) {
    if (!skipped->is_string()) return "\"skipped\" is to be text";
    const auto input = line.find("input");
    return input != line.end() && is_path(*input) ? "" : "\"input\" is to be a path";
  }
  if (const std::string fault = fault_of(line, fields); !fault.empty()) return fault;
  if (line["line"] < 1 || line["line"] > line["lines"]) return "\"line\" is to be from 1 to \"lines\"";
  return fault_of_others(line);
}

Json number_in_json(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  return number;
}

}  // namespace whycam::cli
