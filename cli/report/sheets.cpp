#include "report/sheets.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "whycam/picture/contact_sheet.h"

namespace whycam::cli {
namespace {

constexpr std::size_t rows_of_a_sheet = 20;

/// A map of a line: what it is of, and its file.
struct Map {
  std::string heading;
  std::string file;
};

std::vector<Map> maps_of(const Json& line) {
  std::vector<Map> maps;
  const auto add = [&](const Json& files, const std::string& behind) {
    for (const auto& [method, names] : files.items())
      if (names.contains("picture")) maps.push_back({method + behind, names["picture"].get<std::string>()});
  };
  add(line["files"], "");
  for (const Json& layer : line.value("layers", Json::array()))
    add(layer["files"], " at " + layer["layer"].get<std::string>());
  return maps;
}

/// The path comes last, since a title that is too long is cut.
std::string title_of(const Json& line, bool several_examples) {
  std::string title = line["class"].is_null() ? std::string("output") : "class " + to_text(line["class"]);
  if (line["label"].is_string()) title += " (" + line["label"].get<std::string>() + ")";
  if (line.contains("explained")) title += " (" + line["explained"].get<std::string>() + ")";
  const Json& probability = line["softmax_probability"];
  if (probability.is_number())
    title += fmt::format(": softmax probability {:.4f}", probability.get<double>());
  else
    title += ": " + (line["score"].is_number() ? fmt::format("{:.6g}", line["score"].get<double>())
                                               : line["score"].get<std::string>());
  return title + "; " + line["input"].get<std::string>() +
         (several_examples ? ", example " + to_text(line["example"]) : "");
}

class Sheets {
 public:
  Sheets(const std::filesystem::path& to, const std::filesystem::path& folder) : to_(to), folder_(folder) {}

  void add(const ManifestLines& lines, const std::vector<picture::Image>& seen) {
    for (const Json& line : lines) {
      const auto example = line["example"].get<std::size_t>();
      picture::ContactRow row{title_of(line, lines.back()["example"] != 0),
                              {example < seen.size() ? seen[example] : blank()}};
      if (line.contains("explained_picture"))
        row.pictures[0] = map_in(folder_, line["explained_picture"].get<std::string>()).value_or(row.pictures[0]);
      row.pictures.resize(1 + headings_.size(), blank());
      for (const Map& map : maps_of(line)) {
        const auto column =
            static_cast<std::size_t>(std::find(headings_.begin(), headings_.end(), map.heading) - headings_.begin());
        if (column == headings_.size()) {
          headings_.push_back(map.heading);
          row.pictures.push_back(blank());
        }
        row.pictures[1 + column] = map_in(folder_, map.file).value_or(blank());
      }
      rows_.push_back(std::move(row));
      if (rows_.size() == rows_of_a_sheet) write();
    }
  }

  void write() {
    if (rows_.empty()) return;
    std::vector<std::string> headings{"picture"};
    headings.insert(headings.end(), headings_.begin(), headings_.end());
    const std::string name = "contact-sheet-" + std::to_string(names.size() + 1) + ".svg";
    picture::write_image(to_ / name, picture::contact_sheet(headings, rows_));
    names.push_back(name);
    rows_.clear();
    headings_.clear();
  }

  std::vector<std::string> names;

 private:
  /// What stands where a picture is gone.
  static picture::Image blank() { return {1, 1, 1, {255}}; }

  const std::filesystem::path &to_, &folder_;
  std::vector<std::string> headings_;  ///< of the maps in the rows that are not written yet
  std::vector<picture::ContactRow> rows_;
};

}  // namespace

std::vector<std::string> write_sheets(const std::filesystem::path& to, const std::filesystem::path& folder,
                                      const std::vector<ManifestLines>& inputs, const ReadAgain& read) {
  Sheets sheets(to, folder);
  for (const ManifestLines& lines : inputs)
    if (!lines[0].contains("skipped")) sheets.add(lines, seen_in(lines, read));
  sheets.write();
  return sheets.names;
}

}  // namespace whycam::cli
