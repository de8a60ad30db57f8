// whycam report
#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "commands.h"
#include "printable.h"
#include "record.h"
#include "report/joined.h"
#include "report/report.h"
#include "report/sheets.h"
#include "report/statistics.h"
#include "report/table.h"

namespace whycam::cli {
namespace {

namespace fs = std::filesystem;

/// How a record's run prepared its pictures. What is damaged shows none.
ReadAgain reader_of(const Json& record) {
  PreprocessingArguments arguments;
  const Json settings = record.value("preprocessing", Json());
  const auto take = [&](const char* name, std::string& value) {
    if (settings.is_object() && settings.value(name, Json()).is_string()) value = settings[name].get<std::string>();
  };
  take("size", arguments.size);
  take("crop", arguments.crop);
  take("mean", arguments.mean);
  take("std", arguments.standard_deviation);
  PictureForm form{arguments.parse(), false, record.value("full_size", Json()) == true, arguments.picture_limit};
  return [form](const ManifestLines& lines) {
    const std::string path = lines[0]["input"].get<std::string>();
    Input input = read_input({path, ""}, form);
    const bool channels_last = lines[0].value("input_layout", "") == "nhwc";
    for (std::int64_t example = 0; is_array(path) && example < input.tensor.shape[0]; ++example)
      input.views.emplace_back(example_of(input.tensor, example), channels_last);
    return input;
  };
}

class ReportOfRuns {
 public:
  explicit ReportOfRuns(const ReportArguments& arguments)
      : arguments_(arguments),
        folder_(arguments.folder),
        to_(arguments.output_dir.empty() ? arguments.folder : arguments.output_dir) {}

  ExitCode go() {
    std::error_code failure;
    if (!fs::is_directory(folder_, failure))
      throw Failure(ExitCode::input, "there is no folder \"" + folder_.string() + "\"");
    fs::create_directories(to_, failure);
    if (failure) throw OutputError("cannot make the folder \"" + to_.string() + "\": " + failure.message());
    joined_ = join_manifests(folder_);
    for (const std::string& caution : joined_.cautions)
      if (!arguments_.quiet) warn(caution);
    write_tables();
    write_pages();
    print();
    return ExitCode::success;
  }

 private:
  void write_tables() {
    std::string csv = csv_heading(), lines;
    for (const ManifestLines& input : joined_.inputs) {
      statistics_.add(input);
      for (const Json& row : rows_of(input)) {
        csv += csv_line(row);
        lines += to_text(row) + "\n";
      }
    }
    write("table.csv", csv);
    write("table.jsonl", lines);
  }

  void write_pages() {
    std::vector<ManifestLines> shown = joined_.inputs;
    shown.resize(std::min(shown.size(), arguments_.limit));
    if (shown.size() < joined_.inputs.size() && !arguments_.quiet)
      std::cerr << "whycam: note: report.html shows the first " << shown.size() << " of " << joined_.inputs.size()
                << " inputs; --limit sets how many, and the tables have all" << std::endl;
    const ReadAgain read = reader_of(joined_.record);
    write_report(to_ / "report.html", folder_, joined_.record, shown, read);
    files_.emplace_back("report.html");
    if (!arguments_.contact_sheet) return;
    const std::vector<std::string> sheets = write_sheets(to_, folder_, shown, read);
    files_.insert(files_.end(), sheets.begin(), sheets.end());
  }

  void write(const std::string& name, const std::string& text) {
    write_text(to_ / name, text);
    files_.push_back(name);
  }

  void print() const {
    if (arguments_.json) {
      Json document = statistics_.document();
      document["manifests"] = Json::array();
      for (const Shard& shard : joined_.shards) document["manifests"].push_back(shard.file("manifest", ".jsonl"));
      document["warnings"] = joined_.cautions;
      document["files"] = files_;
      std::cout << to_text(document, 2) << "\n";
    } else if (!arguments_.quiet) {
      std::string names;
      for (const std::string& name : files_) names += (names.empty() ? "" : ", ") + name;
      std::cout << joined_.shards.size() << (joined_.shards.size() == 1 ? " manifest, " : " manifests, ")
                << printable(statistics_.text(), /*keeps_lines=*/true) << names
                << (files_.size() == 1 ? " is in " : " are in ") << printable(to_.string()) << "\n";
    }
  }

  const ReportArguments& arguments_;
  const fs::path folder_, to_;
  Joined joined_;
  Statistics statistics_;
  std::vector<std::string> files_;
};

}  // namespace

ExitCode report(const ReportArguments& arguments) { return ReportOfRuns(arguments).go(); }

}  // namespace whycam::cli
