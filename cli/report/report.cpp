#include "report/report.h"

#include <nlohmann/json.hpp>

#include "output_folder.h"
#include "whycam/errors.h"
#include "whycam/picture/image.h"
#include "whycam/picture/svg.h"

namespace whycam::cli {
namespace {

/// Half the size of PNG for maps, a tenth for photographs; no difference that an eye could see.
constexpr int quality = 85;

std::string address_of(const picture::Image& image) {
  return picture::data_address(picture::encode_jpeg(image, quality));
}

/// Inside of a script element, nothing may look like its end.
std::string for_script(std::string text) {
  for (std::size_t at = text.find("</"); at != std::string::npos; at = text.find("</", at + 3))
    text.insert(at + 1, "\\");
  for (std::size_t at = text.find("<!--"); at != std::string::npos; at = text.find("<!--", at + 4))
    text.replace(at, 1, "\\u003c");
  return text;
}

/// A map's address; null where its file is gone or damaged.
Json address_in(const std::filesystem::path& folder, const Json& name) {
  const auto map = map_in(folder, name.get<std::string>());
  return map ? Json(address_of(*map)) : Json(nullptr);
}

Json entry_of(const Json& line, const std::filesystem::path& folder) {
  Json entry{{"class", line["class"]},
             {"label", line["label"]},
             {"score", line["score"]},
             {"softmax_probability", line["softmax_probability"]}};
  entry["explained"] = line.value("explained", Json());
  if (line.contains("explained_picture")) entry["picture"] = address_in(folder, line["explained_picture"]);
  entry["maps"] = Json::object();
  const auto add = [&](const Json& maps, const std::string& behind) {
    for (const auto& [method, files] : maps.items())
      if (files.contains("picture")) entry["maps"][method + behind] = address_in(folder, files["picture"]);
  };
  add(line["files"], "");
  for (const Json& layer : line.value("layers", Json::array()))
    add(layer["files"], " at " + layer["layer"].get<std::string>());
  return entry;
}

/// One entry an example, or one that says why the input was skipped.
void add_input(Json& inputs, const ManifestLines& lines, const std::filesystem::path& folder, const ReadAgain& read) {
  if (lines[0].contains("skipped")) {
    inputs.push_back({{"input", lines[0]["input"]}, {"skipped", lines[0]["skipped"]}, {"entries", Json::array()}});
    return;
  }
  const std::vector<picture::Image> seen = seen_in(lines, read);
  const std::size_t examples = lines.back()["example"].get<std::size_t>() + 1;
  for (std::size_t example = 0; example < examples; ++example) {
    Json entries = Json::array();
    for (const Json& line : lines)
      if (line["example"] == example) entries.push_back(entry_of(line, folder));
    inputs.push_back({{"input", lines[0]["input"]},
                      {"example", example},
                      {"examples", examples},
                      {"picture", example < seen.size() ? Json(address_of(seen[example])) : Json(nullptr)},
                      {"entries", entries}});
  }
}

}  // namespace

std::vector<picture::Image> seen_in(const ManifestLines& lines, const ReadAgain& read) {
  try {
    const Input input = read(lines);
    if (lines[0].value("input_crc32", Json()) != input.checksum) return {};
    std::vector<picture::Image> seen;
    for (const View& view : input.views) seen.push_back(view.picture());
    return seen;
  } catch (const InputError&) {
  }
  return {};
}

std::optional<picture::Image> map_in(const std::filesystem::path& folder, const std::string& name) {
  try {
    if (leads_through_folders(folder, name)) return picture::read_image(folder / name, 3);
  } catch (const InputError&) {
  }
  return std::nullopt;
}

void write_report(const std::filesystem::path& page, const std::filesystem::path& folder, const Json& document,
                  const std::vector<ManifestLines>& inputs, const ReadAgain& read) {
  Json data{{"settings", document}, {"warnings", document["warnings"]}, {"inputs", Json::array()}};
  for (const char* elsewhere : {"explanations", "skipped", "warnings", "finished"}) data["settings"].erase(elsewhere);
  for (const ManifestLines& lines : inputs) add_input(data["inputs"], lines, folder, read);
  std::string text = report_page;
  const std::string place = "@DATA@";
  text.replace(text.find(place), place.size(), for_script(to_text(data)));
  write_text(page, text);
}

}  // namespace whycam::cli
