#include "manifest.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "output_folder.h"
#include "whycam/errors.h"
#include "whycam/picture/files.h"

namespace whycam::cli {
namespace {

namespace fs = std::filesystem;

std::string text_of(const ManifestLines& lines) {
  std::string text;
  for (const Json& line : lines) text += to_text(line) + "\n";
  return text;
}

}  // namespace

std::string to_text(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

void write_text(const fs::path& path, const std::string& text) {
  picture::write_file(path, picture::Bytes(text.begin(), text.end()));
}

namespace {

/// The "files" of a line, at each of several layers, too: those of its input, and of further inputs.
std::vector<Json> all_files(const Json& line) {
  std::vector<Json> all;
  if (const auto files = line.find("files"); files != line.end()) all.push_back(*files);
  for (const char* several : {"layers", "layer_values"})
    if (const auto layers = line.find(several); layers != line.end())
      for (const Json& layer : *layers) all.push_back(layer["files"]);
  if (const auto also = line.find("also"); also != line.end())
    for (const Json& input : *also)
      for (Json& files : all_files(input)) all.push_back(std::move(files));
  return all;
}

}  // namespace

std::vector<std::string> pictures_of(const Json& line) {
  std::vector<std::string> pictures;
  for (const Json& files : all_files(line))
    for (const auto& [method, names] : files.items())
      if (names.contains("picture")) pictures.push_back(names["picture"]);
  return pictures;
}

bool has_its_files(const ManifestLines& lines, const fs::path& folder) {
  std::error_code failure;
  return std::all_of(lines.begin(), lines.end(), [&](const Json& line) {
    const auto names = files_of(line);
    return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
      return leads_through_folders(folder, name) && fs::is_regular_file(fs::symlink_status(folder / name, failure));
    });
  });
}

void remove_files_of(const ManifestLines& lines, const fs::path& folder) {
  std::error_code failure;  // what cannot be removed stays
  for (const Json& line : lines)
    for (const std::string& name : files_of(line))
      if (is_name_in_folder(name) && leads_through_folders(folder, name)) fs::remove(folder / name, failure);
}

std::string path_in_lines(const fs::path& path) { return Json::parse(to_text(path.string())).get<std::string>(); }

std::vector<std::string> files_of(const Json& line) {
  std::vector<std::string> all;
  for (const Json& files : all_files(line))
    for (const auto& [method, names] : files.items())
      for (const auto& [kind, name] : names.items()) all.push_back(name);
  for (const char* one : {"contact_sheet", "explained_picture"})
    if (const auto name = line.find(one); name != line.end()) all.push_back(*name);
  return all;
}

bool ManifestReader::goes_on(const Json& line) const {
  if (inputs_.empty() || line.contains("skipped")) return false;
  const ManifestLines& before = inputs_.back();
  if (before[0].contains("skipped") || before[0]["input"] != line["input"]) return false;
  const auto example = before.back()["example"].get<std::int64_t>();
  return line["line"] == before.size() + 1 && line["lines"] == before[0]["lines"] &&
         (line["example"] == example || line["example"] == example + 1);
}

void ManifestReader::add(const std::string& text, bool cut) {
  ++lines_;
  const Json line = text.size() > longest_line ? Json(Json::value_t::discarded) : parse_json(text);
  std::string fault = text.size() > longest_line ? "it is too long" : fault_of_line(line);
  if (fault.empty()) {
    if (goes_on(line)) {
      inputs_.back().push_back(line);
    } else if (line.contains("skipped") || (line["line"] == 1 && line["example"] == 0)) {
      inputs_.push_back({line});
    } else {
      fault = "it does not follow from the line before";
    }
  }
  if (fault.empty() || cut) return;
  if (++damaged_ == 1) first_damage_ = "line " + std::to_string(lines_) + ": " + fault;
}

std::vector<ManifestLines> ManifestReader::inputs() const {
  std::vector<ManifestLines> whole;
  for (const ManifestLines& lines : inputs_)
    if (lines[0].contains("skipped") || lines[0]["lines"] == lines.size()) whole.push_back(lines);
  return whole;
}

std::string ManifestReader::damage() const {
  if (damaged_ == 0) return "";
  if (damaged_ == 1) return first_damage_;
  return std::to_string(damaged_) + " lines, the first " + first_damage_;
}

Manifest::~Manifest() {
  if (file_ >= 0) ::close(file_);
}

ManifestContent read_manifest(const fs::path& path) {
  std::error_code failure;
  const fs::file_status status = fs::status(path, failure);
  if (!fs::exists(status)) return {};
  if (!fs::is_regular_file(status))
    throw OutputError("cannot use \"" + path.string() + "\": something that is not a regular file has that name");
  std::ifstream file(path);
  ManifestReader reader;
  std::string line;
  // Not by getline, which would read a line of any length.
  for (int letter = file.get(); letter != std::char_traits<char>::eof(); letter = file.get()) {
    if (letter == '\n') {
      reader.add(line);
      line.clear();
    } else if (line.size() <= longest_line) {
      line += static_cast<char>(letter);
    }
  }
  if (!line.empty()) reader.add(line, /*cut=*/true);
  return {reader.inputs(), reader.damage()};
}

void Manifest::fail(const std::string& reason) const {
  throw OutputError("cannot write \"" + path_.string() + "\": " + reason);
}

void Manifest::rewrite(const std::vector<ManifestLines>& inputs) {
  std::string text;
  for (const ManifestLines& lines : inputs) text += text_of(lines);
  if (file_ >= 0) ::close(file_);
  file_ = -1;
  write_text(path_, text);
  file_ = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (file_ < 0) fail(std::strerror(errno));
}

void Manifest::append(const ManifestLines& lines) {
  const std::string text = text_of(lines);
  require_in_place();
  for (std::size_t written = 0; written < text.size();) {
    const ssize_t count = ::write(file_, text.data() + written, text.size() - written);
    if (count < 0 && errno != EINTR) fail(std::strerror(errno));
    if (count > 0) written += static_cast<std::size_t>(count);
  }
}

void Manifest::require_in_place() const {
  struct stat ours{}, there{};
  if (file_ < 0) return;
  if (::fstat(file_, &ours) != 0) fail(std::strerror(errno));
  if (::lstat(path_.c_str(), &there) != 0 || ours.st_dev != there.st_dev || ours.st_ino != there.st_ino)
    fail("it was removed or replaced while the run went on; what the run has written may be gone, too");
}

}  // namespace whycam::cli
