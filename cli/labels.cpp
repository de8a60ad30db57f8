#include "labels.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <sstream>

#include "checksum.h"
#include "exit_code.h"
#include "whycam/nearest_names.h"

namespace whycam::cli {
namespace {

std::string folded(const std::string& text) {
  std::string plain;
  for (const char letter : text) plain += static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return plain;
}

std::vector<std::string> names_in(const std::string& line) {
  std::vector<std::string> names;
  for (std::size_t begin = 0; begin <= line.size();) {
    const std::size_t end = std::min(line.find(", ", begin), line.size());
    names.push_back(line.substr(begin, end - begin));
    begin = end + 2;
  }
  return names;
}

}  // namespace

Labels::Labels(const std::filesystem::path& path) {
  constexpr std::uintmax_t most = 64 << 20;
  const picture::Bytes bytes = picture::read_file(path, most);
  checksum_ = checksum_of(bytes);
  std::istringstream text(std::string(bytes.begin(), bytes.end()));
  for (std::string line; std::getline(text, line);) {
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back()))) line.pop_back();
    lines_.push_back(line);
  }
  if (!lines_.empty() && lines_[0].rfind("\xEF\xBB\xBF", 0) == 0) lines_[0].erase(0, 3);  // a byte order mark
  while (!lines_.empty() && lines_.back().empty()) lines_.pop_back();
  if (lines_.empty()) throw Failure(ExitCode::input, "the labels file \"" + path.string() + "\" is empty");
  std::map<std::string, int> count;
  for (const std::string& line : lines_) ++count[folded(names_in(line)[0])];
  for (const std::string& line : lines_) {
    const std::string first = names_in(line)[0];
    shown_.push_back(count[folded(first)] > 1 ? line : first);
  }
}

std::optional<std::string> Labels::name(std::int64_t index) const {
  if (index < 0 || index >= static_cast<std::int64_t>(lines_.size()) || lines_[index].empty()) return std::nullopt;
  return shown_[index];
}

std::vector<std::int64_t> Labels::named(const std::string& name) const {
  std::vector<std::int64_t> found;
  for (std::size_t i = 0; i < lines_.size() && !name.empty(); ++i) {
    std::vector<std::string> names = names_in(lines_[i]);
    names.push_back(lines_[i]);
    if (std::any_of(names.begin(), names.end(), [&](const auto& other) { return folded(other) == folded(name); }))
      found.push_back(static_cast<std::int64_t>(i));
  }
  return found;
}

std::optional<std::int64_t> Labels::another(const std::string& name, std::int64_t index) const {
  for (const std::int64_t other : named(name))
    if (other != index) return other;
  return std::nullopt;
}

std::optional<std::int64_t> Labels::find(const std::string& name) const {
  const std::vector<std::int64_t> found = named(name);
  if (found.size() > 1)
    throw Failure(ExitCode::target, "the label \"" + name + "\" names " + std::to_string(found.size()) + " classes, " +
                                        std::to_string(found[0]) + " and " + std::to_string(found[1]) +
                                        " among them; give the class's number");
  if (found.empty()) return std::nullopt;
  return found[0];
}

std::string Labels::nearest(const std::string& name) const {
  std::vector<std::string> all;
  for (const std::string& line : lines_)
    for (const std::string& single : names_in(line)) all.push_back(single);
  return one_of(nearest_names(name, all));
}

std::string Labels::file_name(std::int64_t index) const {
  const auto label = name(index);
  const std::string number = std::to_string(index);
  if (!label) return number;
  const std::string safe = safe_for_file_names(*label);
  const auto same = std::count_if(shown_.begin(), shown_.end(), [&safe](const std::string& shown) {
    return folded(safe_for_file_names(shown)) == folded(safe);
  });
  if (safe == "_" || safe.empty()) return number;
  return same > 1 ? safe + "_" + number : safe;
}

std::string shortened(const std::string& text, std::size_t bytes) {
  std::size_t length = std::min(text.size(), bytes);
  while (length < text.size() && length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80)
    --length;  // not in the middle of a UTF-8 letter
  return text.substr(0, length);
}

std::string safe_for_file_names(const std::string& text) {
  std::string safe;
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    const bool keep = std::isalnum(byte) || byte >= 0x80 || letter == '.' || letter == '+' || letter == '-';
    if (keep)
      safe += letter;
    else if (safe.empty() || safe.back() != '_')
      safe += '_';
  }
  return shortened(safe, 80);
}

}  // namespace whycam::cli
