#include "report/report.h"

#include "whycam/picture/image.h"

namespace whycam::cli {
namespace {

/// Half the size of PNG for maps, a tenth for photographs; no difference that an eye could see.
constexpr int quality = 85;

std::string base64(const picture::Bytes& bytes) {
  constexpr char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t there = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k) bits = bits << 8 | (k < there ? bytes[i + k] : 0U);
    for (std::size_t k = 0; k < 4; ++k) text += k <= there ? letters[bits >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

std::string data_address(const picture::Image& image) {
  return "data:image/jpeg;base64," + base64(picture::encode_jpeg(image, quality));
}

/// Inside of a script element, nothing may look like its end.
std::string for_script(std::string text) {
  for (std::size_t at = text.find("</"); at != std::string::npos; at = text.find("</", at + 3))
    text.insert(at + 1, "\\");
  for (std::size_t at = text.find("<!--"); at != std::string::npos; at = text.find("<!--", at + 4))
    text.replace(at, 1, "\\u003c");
  return text;
}

Json entry_of(const Json& line, const std::filesystem::path& folder) {
  Json entry{{"class", line["class"]},
             {"label", line["label"]},
             {"score", line["score"]},
             {"softmax_probability", line["softmax_probability"]}};
  entry["maps"] = Json::object();
  for (const auto& [method, files] : line["files"].items())
    if (files.contains("picture"))
      entry["maps"][method] =
          data_address(picture::read_image(folder / files["picture"].get<std::string>(), 3));
  return entry;
}

/// One entry an example, or one that says why the input was skipped.
void add_input(Json& inputs, const InputFile& file, const ManifestLines& lines,
               const std::filesystem::path& folder, const picture::Preprocessing& preprocessing) {
  if (!lines.empty() && lines[0].contains("skipped")) {
    inputs.push_back(
        {{"input", lines[0]["input"]}, {"skipped", lines[0]["skipped"]}, {"entries", Json::array()}});
    return;
  }
  const Input input = read_input(file, preprocessing);
  for (std::size_t example = 0; example < input.seen.size(); ++example) {
    Json entries = Json::array();
    for (const Json& line : lines)
      if (line["example"] == example) entries.push_back(entry_of(line, folder));
    inputs.push_back({{"input", file.path.string()},
                      {"example", example},
                      {"examples", input.seen.size()},
                      {"picture", data_address(input.seen[example])},
                      {"entries", entries}});
  }
}

}  // namespace

void write_report(const RunSettings& settings, const Json& document, const std::vector<InputFile>& files,
                  const std::vector<ManifestLines>& lines, const picture::Preprocessing& preprocessing) {
  Json data{{"settings", document}, {"warnings", document["warnings"]}, {"inputs", Json::array()}};
  for (const char* elsewhere : {"explanations", "skipped", "warnings", "finished"})
    data["settings"].erase(elsewhere);
  for (std::size_t i = 0; i < files.size(); ++i)
    add_input(data["inputs"], files[i], lines[i], settings.folder, preprocessing);
  std::string page = report_page;
  const std::string place = "@DATA@";
  page.replace(page.find(place), place.size(), for_script(to_text(data)));
  write_text(settings.folder / "report.html", page);
}

}  // namespace whycam::cli
