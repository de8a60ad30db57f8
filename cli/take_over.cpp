#include "take_over.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "checksum.h"
#include "exit_code.h"
#include "record.h"

namespace whycam::cli {
namespace {

class TakingOver {
 public:
  TakingOver(const std::filesystem::path& folder, const std::vector<InputFile>& files)
      : folder_(folder), files_(files) {
    result_.lines.resize(files.size());
    result_.elsewhere.resize(files.size());
    for (std::size_t number = 0; number < files.size(); ++number) {
      numbers_.emplace(path_in_lines(files[number].path), number);
      stems_.insert(files[number].path.stem().string());
    }
  }

  void read(const Shard& shard, bool is_own) {
    const std::string name = shard.file("manifest", ".jsonl");
    ManifestContent content = read_manifest(folder_ / name);
    if (!content.damage.empty())
      result_.cautions.push_back(name + " is damaged and what it told there is done again: " + content.damage);
    for (ManifestLines& lines : content.inputs) add(std::move(lines), is_own);
  }

  TakenOver result() && {
    for (const auto& [number, lines] : changed_)
      if (result_.lines[number].empty()) remove_files_of(lines, folder_);
    return std::move(result_);
  }

 private:
  void add(ManifestLines lines, bool is_own) {
    const auto [first, last] = numbers_.equal_range(lines[0]["input"]);
    if (first == last) {
      if (is_own && has_its_files(lines, folder_))
        keep(std::move(lines), result_.others.emplace_back());
      else if (!is_own && stems_.count(std::filesystem::path(lines[0]["input"].get<std::string>()).stem().string()))
        reserve(lines);
      return;
    }
    if (!has_its_files(lines, folder_)) return;
    const auto open = std::find_if(first, last, [&](const auto& entry) { return result_.lines[entry.second].empty(); });
    if (open == last) return;
    const std::size_t number = open->second;
    if (!is_up_to_date(lines, files_[number].path)) {
      changed_.emplace_back(number, std::move(lines));
      return;
    }
    for (Json& line : lines) line["input"] = files_[number].path.string();  // with bytes that are no text, too
    keep(std::move(lines), result_.lines[number]);
    result_.elsewhere[number] = !is_own;
  }

  void keep(ManifestLines lines, ManifestLines& place) {
    reserve(lines);
    place = std::move(lines);
  }

  void reserve(const ManifestLines& lines) {
    for (const Json& line : lines)
      for (const std::string& name : files_of(line))
        result_.names.push_back(std::filesystem::path(name).replace_extension().string());
  }

  /// Whether lines of an earlier run say of an input what a run would say now.
  static bool is_up_to_date(const ManifestLines& lines, const std::filesystem::path& path) {
    return lines[0].contains("input_crc32") && lines[0]["input_crc32"] == checksum_of_files({path});
  }

  const std::filesystem::path& folder_;
  const std::vector<InputFile>& files_;
  std::multimap<std::string, std::size_t> numbers_;
  std::set<std::string> stems_;                                 ///< of the inputs' names
  std::vector<std::pair<std::size_t, ManifestLines>> changed_;  ///< of inputs that have changed since
  TakenOver result_;
};

}  // namespace

TakenOver take_over(const std::filesystem::path& folder, const Shard& own, const std::vector<Shard>& shards,
                    const std::vector<InputFile>& files) {
  TakingOver taking_over(folder, files);
  for (const bool is_own : {true, false})
    for (const Shard& shard : shards)
      if ((shard == own) == is_own) taking_over.read(shard, is_own);
  return std::move(taking_over).result();
}

void require_one_count(const std::filesystem::path& folder, const Shard& shard) {
  for (const Shard& other : shards_in(folder))
    if (other.count != shard.count)
      throw Failure(ExitCode::usage, "the folder \"" + folder.string() + "\" holds " +
                                         other.file("manifest", ".jsonl") +
                                         " of a run with another count of shards: --resume goes on with what it "
                                         "finished, and another --output-dir starts anew");
}

std::set<std::filesystem::path> sub_folders_of(const std::vector<InputFile>& files) {
  std::set<std::filesystem::path> folders;
  for (const InputFile& file : files) folders.insert(file.folder);
  return folders;
}

}  // namespace whycam::cli
