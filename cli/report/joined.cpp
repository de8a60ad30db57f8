#include "report/joined.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "checksum.h"
#include "exit_code.h"
#include "record.h"

namespace whycam::cli {
namespace {

namespace fs = std::filesystem;

/// What a record has beside its settings.
const std::set<std::string> results{"finished", "warnings", "skipped", "explanations"};

struct Run {
  Shard shard;
  fs::file_time_type written;  ///< its manifest
  bool has_record = false, finished = false;
};

class Joining {
 public:
  explicit Joining(const fs::path& folder) : folder_(folder) {}

  Joined join() && {
    for (const Shard& shard : shards_in(folder_)) runs_.push_back(run_of(shard));
    if (runs_.empty())
      throw Failure(ExitCode::input, "the folder \"" + folder_.string() +
                                         "\" holds no manifest.jsonl or manifest-K-of-N.jsonl of whycam explain");
    if (joined_.record.is_null())
      throw Failure(ExitCode::input, "no explanation.json or explanation-K-of-N.json in the folder \"" +
                                         folder_.string() + "\" can be read: explain into it again");
    std::stable_sort(runs_.begin(), runs_.end(), [](const Run& a, const Run& b) { return a.written < b.written; });
    for (const Run& run : runs_) {
      joined_.shards.push_back(run.shard);
      read_lines(run.shard);
    }
    say_what_is_unfinished();
    for (auto& [path, lines] : inputs_) joined_.inputs.push_back(std::move(lines));
    return std::move(joined_);
  }

 private:
  Run run_of(const Shard& shard) {
    std::error_code unknown;
    Run run{shard, fs::last_write_time(folder_ / shard.file("manifest", ".jsonl"), unknown)};
    if (unknown) run.written = fs::file_time_type::min();
    Json record = read_record(folder_, shard);
    const std::string name = shard.file("explanation", ".json");
    if (record.is_discarded()) {
      joined_.cautions.push_back(name + " cannot be read: whether that run was asked for the same is not known");
      return run;
    }
    run.has_record = true;
    run.finished = record.value("finished", Json()) == true;
    Json warnings = record.value("warnings", Json());
    for (const std::string& key : results) record.erase(key);
    if (joined_.record.is_null()) {
      joined_.record = std::move(record);
      joined_.record["warnings"] = Json::array();
      first_record_ = name;
    } else {
      require_same(record, name);
    }
    add_warnings(warnings);
    return run;
  }

  void add_warnings(const Json& warnings) {
    Json& all = joined_.record["warnings"];
    for (const Json& warning : warnings)
      if (warnings.is_array() && warning.is_string() && std::find(all.begin(), all.end(), warning) == all.end())
        all.push_back(warning);
  }

  /// A run that found no layer yet takes that of another.
  void require_same(const Json& record, const std::string& name) {
    for (const auto& [key, value] : record.items()) {
      const Json first = joined_.record.value(key, Json());
      if (key == "layer" && first.is_null()) joined_.record["layer"] = value;
      if (first == value || (key == "layer" && (first.is_null() || value.is_null()))) continue;
      throw Failure(ExitCode::input, "the runs in \"" + folder_.string() +
                                         "\" were asked for different things: " + first_record_ + " has " + key + " " +
                                         to_text(first) + ", and " + name + " " + to_text(value));
    }
  }

  void read_lines(const Shard& shard) {
    const std::string name = shard.file("manifest", ".jsonl");
    ManifestContent content = read_manifest(folder_ / name);
    if (!content.damage.empty())
      joined_.cautions.push_back(name + " is damaged, and what it told there is left out: " + content.damage);
    for (ManifestLines& lines : content.inputs) {
      const fs::path path = lines[0]["input"].get<std::string>();
      const auto [place, is_new] = inputs_.try_emplace(path);
      if (is_new || !is_true(place->second, path) || is_true(lines, path)) place->second = std::move(lines);
    }
  }

  static bool is_true(const ManifestLines& lines, const fs::path& path) {
    return lines[0].contains("input_crc32") && lines[0]["input_crc32"] == checksum_of_files({path});
  }

  /// Of the count of shards that was at work last.
  void say_what_is_unfinished() {
    const std::uint64_t count = runs_.back().shard.count;
    std::set<std::uint64_t> begun, finished;
    for (const Run& run : runs_)
      if (run.shard.count == count) (run.finished ? finished : begun).insert(run.shard.number);
    if (finished.size() == count) return;
    if (count == 1) {
      joined_.cautions.emplace_back("the run is not finished: --resume goes on with it");
      return;
    }
    std::string names;
    std::uint64_t named = 0;
    for (std::uint64_t number = 1; number <= count && named < 10; ++number) {
      if (finished.count(number)) continue;
      names += (named++ ? ", " : "") + Shard{number, count}.text() + (begun.count(number) ? "" : " (not begun)");
    }
    joined_.cautions.push_back(std::to_string(count - finished.size()) + " of " + std::to_string(count) +
                               " shards are not finished, and --resume goes on with them: " + names +
                               (named < count - finished.size() ? ", ..." : ""));
  }

  const fs::path& folder_;
  Joined joined_;
  std::string first_record_;
  std::vector<Run> runs_;
  std::map<fs::path, ManifestLines> inputs_;
};

}  // namespace

Joined join_manifests(const fs::path& folder) { return Joining(folder).join(); }

}  // namespace whycam::cli
