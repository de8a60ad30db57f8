#include "manifest.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

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

/// Whether a line tells of files that are all there.
bool is_there(const Json& line, const fs::path& folder) {
  if (!line.contains("files")) return false;
  const auto names = files_of(line);
  std::error_code failure;
  return std::all_of(names.begin(), names.end(),
                     [&](const std::string& name) { return fs::exists(folder / name, failure); });
}

}  // namespace

std::string to_text(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

void write_text(const fs::path& path, const std::string& text) {
  picture::write_file(path, picture::Bytes(text.begin(), text.end()));
}

namespace {

/// The "files" of a line: those of its input, and of further inputs.
std::vector<Json> all_files(const Json& line) {
  std::vector<Json> all;
  if (const auto files = line.find("files"); files != line.end()) all.push_back(*files);
  if (const auto also = line.find("also"); also != line.end() && also->is_array())
    for (const Json& input : *also)
      if (input.is_object() && input.contains("files")) all.push_back(input["files"]);
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

void remove_files_of(const ManifestLines& lines, const fs::path& folder) {
  std::error_code failure;  // what cannot be removed stays
  for (const Json& line : lines)
    for (const std::string& name : files_of(line))
      if (!name.empty() && fs::path(name).filename() == name) fs::remove(folder / name, failure);
}

std::string path_in_lines(const fs::path& path) { return Json::parse(to_text(path.string())).get<std::string>(); }

std::vector<std::string> files_of(const Json& line) {
  std::vector<std::string> all;
  const auto add = [&all](const Json& name) {
    all.push_back(name.is_string() ? name.get<std::string>() : to_text(name));  // a damaged line: there is no such file
  };
  for (const Json& files : all_files(line))
    for (const auto& [method, names] : files.items())
      for (const auto& [kind, name] : names.items()) add(name);
  if (const auto sheet = line.find("contact_sheet"); sheet != line.end()) add(*sheet);
  return all;
}

Manifest::Manifest(fs::path folder) : folder_(std::move(folder)), path_(folder_ / "manifest.jsonl") {}

std::vector<ManifestLines> Manifest::read() const {
  std::vector<ManifestLines> inputs;
  std::ifstream file(path_);
  for (std::string text; std::getline(file, text);) {
    const Json line = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!line.is_object() || !line.contains("input") || !line["input"].is_string())
      continue;  // cut off when the run ended
    const bool goes_on = !inputs.empty() && inputs.back()[0]["input"] == line["input"] &&
                         line.value("line", Json()) == inputs.back().size() + 1;
    if (!goes_on) inputs.emplace_back();
    inputs.back().push_back(line);
  }
  const auto is_unfinished = [this](const ManifestLines& lines) {
    if (lines[0].contains("skipped")) return false;
    return lines[0].value("line", Json()) != 1 || lines[0].value("lines", Json()) != lines.size() ||
           !std::all_of(lines.begin(), lines.end(), [this](const Json& line) { return is_there(line, folder_); });
  };
  inputs.erase(std::remove_if(inputs.begin(), inputs.end(), is_unfinished), inputs.end());
  return inputs;
}

void Manifest::append(const ManifestLines& lines) {
  const std::string text = text_of(lines);
  const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (started_ ? O_APPEND : O_TRUNC);
  const int file = ::open(path_.c_str(), flags, 0666);
  std::size_t written = 0;
  while (file >= 0 && written < text.size()) {
    const ssize_t count = ::write(file, text.data() + written, text.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) break;
    written += static_cast<std::size_t>(count);
  }
  const int failure = errno;
  const bool closed = file >= 0 && ::close(file) == 0;
  if (written < text.size() || !closed)
    throw OutputError("cannot write \"" + path_.string() +
                      "\": " + std::strerror(written < text.size() ? failure : errno));
  started_ = true;
}

void Manifest::rewrite(const std::vector<ManifestLines>& inputs) {
  std::string text;
  for (const ManifestLines& lines : inputs) text += text_of(lines);
  write_text(path_, text);
  started_ = true;
}

}  // namespace whycam::cli
