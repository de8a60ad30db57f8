#include "report/table.h"

#include <array>
#include <nlohmann/json.hpp>

namespace whycam::cli {
namespace {

/// Those that a manifest's lines have, and "pictures", the files of the maps.
constexpr std::array<const char*, 12> columns{"input",
                                              "input_crc32",
                                              "example",
                                              "class",
                                              "label",
                                              "explained",
                                              "score",
                                              "softmax_probability",
                                              "completeness_error",
                                              "skipped",
                                              "warnings",
                                              "pictures"};

std::string in_quotes(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char letter : text) quoted += letter == '"' ? "\"\"" : std::string(1, letter);
  return quoted + "\"";
}

std::string cell(const Json& value, const char* between) {
  if (value.is_null()) return "";
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return to_text(value);
  std::string text;
  for (const Json& one : value) text += (text.empty() ? "" : between) + cell(one, between);
  return text;
}

}  // namespace

std::vector<Json> rows_of(const ManifestLines& lines) {
  std::vector<Json> rows;
  for (const Json& line : lines) {
    Json row;
    for (const char* column : columns) row[column] = line.value(column, Json());
    if (!line.contains("skipped")) row["pictures"] = pictures_of(line);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string csv_heading() {
  std::string text;
  for (const char* column : columns) text += (text.empty() ? "" : ",") + std::string(column);
  return text + "\n";
}

std::string csv_line(const Json& row) {
  std::string text;
  for (const auto& [column, value] : row.items())
    text += (text.empty() ? "" : ",") + in_quotes(cell(value, column == "class" ? "," : ";"));
  return text + "\n";
}

}  // namespace whycam::cli
