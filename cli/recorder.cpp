#include "recorder.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "printable.h"
#include "report/report.h"
#include "take_over.h"

namespace whycam::cli {

Recorder::Recorder(RunSettings& settings, const RunInputs& inputs, InputReader& reader, OutputFolder& folder,
                   UniqueNames& names)
    : settings_(settings),
      inputs_(inputs),
      reader_(reader),
      folder_(folder),
      record_(settings),
      manifest_(settings.folder / manifest_name()),
      lines_(inputs.files.size()),
      elsewhere_(inputs.files.size()) {
  if (settings.arguments.resume)
    go_on(names);
  else
    require_one_count(settings.folder, settings.shard);
}

void Recorder::go_on(UniqueNames& names) {
  const std::vector<Shard> believed = record_.take_over(settings_);
  for (const std::string& damage : record_.damage()) caution(damage);
  folder_.remove_unfinished_files(sub_folders_of(inputs_.files));
  TakenOver taken = take_over(settings_.folder, settings_.shard, believed, inputs_.files);
  for (const std::string& damage : taken.cautions) caution(damage);
  lines_ = std::move(taken.lines);
  elsewhere_ = std::move(taken.elsewhere);
  others_ = std::move(taken.others);
  for (const std::string& name : taken.names) names.reserve(name);
  goes_on_ = std::find(believed.begin(), believed.end(), settings_.shard) != believed.end();
  if (goes_on_) manifest_.rewrite(all_lines(/*own=*/true));
}

std::vector<bool> Recorder::finished() const {
  std::vector<bool> finished;
  for (const ManifestLines& lines : lines_) finished.push_back(!lines.empty());
  return finished;
}

std::size_t Recorder::unfinished() const {
  return static_cast<std::size_t>(
      std::count_if(lines_.begin(), lines_.end(), [](const ManifestLines& lines) { return lines.empty(); }));
}

void Recorder::begin_progress() {
  const std::vector<bool> done = finished();
  progress_.emplace(done.size(), std::count(done.begin(), done.end(), true), settings_.arguments.quiet || !is_long());
}

void Recorder::set_layers(const std::vector<std::string>& layers) {
  const std::lock_guard lock(layers_mutex_);
  settings_.layers = layers;
}

/// Those of this run's inputs in their order, then those of others that earlier runs left. Own: without what stands
/// in other shards' manifests.
std::vector<ManifestLines> Recorder::all_lines(bool own) const {
  std::vector<ManifestLines> all;
  for (std::size_t number = 0; number < lines_.size(); ++number)
    if (!own || !elsewhere_[number]) all.push_back(lines_[number]);
  all.insert(all.end(), others_.begin(), others_.end());
  return all;
}

void Recorder::record(Finished& one, std::future<void> written) {
  const Item& item = one.item;
  if (item.failure) {
    const std::string reason = item.failure->what(), path = item.file.path.string();
    progress_->say("whycam: skipped" + (reason.find(path) == std::string::npos ? " " + path : "") + ": " + reason);
    if (first_failure_ == ExitCode::success) first_failure_ = item.failure->code();
    one.lines = {{{"input", item.file.path.string()}, {"skipped", item.failure->what()}}};
  } else {
    written.get();
    say_of(one);
  }
  if (!started_ || (!item.failure && !explained_any_)) begin();
  explained_any_ = explained_any_ || !item.failure;
  manifest_.append(one.lines);
  lines_[item.number] = std::move(one.lines);
  progress_->step(item.failure.has_value());
}

void Recorder::say_of(const Finished& one) {
  note(reader_.notes());
  for (const Input& further : reader_.further()) note(further.notes);
  note(one.item.input->notes);
  for (const auto& [explanation, row, failure] : one.examples) {
    warn(explanation->warnings);
    warn_of_labels(explanation->output.shape);
    warn(warnings_of_scores(explanation->output, row));
  }
  warn_of_maps(one.lines);
  if (prints_text() && !is_long())
    std::cout << printable(summary(settings_, *one.item.input, one.examples), /*keeps_lines=*/true);
}

/// Lines of an earlier run that this one does not go on with must never stand beside this run's record. It is written
/// once more with the first explained input, which finds the layer: whoever goes on must take the same.
void Recorder::begin() {
  if (!started_ && !goes_on_) manifest_.rewrite({});
  const std::lock_guard lock(layers_mutex_);
  record_.write(settings_, {}, /*finished=*/false);
  started_ = true;
}

/// A warning before there is progress to show.
void Recorder::caution(const std::string& warning) const {
  if (!settings_.arguments.quiet) cli::warn(warning);
}

void Recorder::warn(const std::vector<std::string>& warnings) {
  for (const std::string& warning : warnings) {
    if (std::find(record_.warnings.begin(), record_.warnings.end(), warning) != record_.warnings.end()) continue;
    record_.warnings.push_back(warning);
    if (!settings_.arguments.quiet) progress_->say("whycam: warning: " + warning);
  }
}

/// What was converted, once a run.
void Recorder::note(const std::vector<std::string>& notes) {
  for (const std::string& text : notes)
    if (notes_.insert(text).second && !settings_.arguments.quiet) progress_->say("whycam: note: " + text);
}

/// What each map's own line says already.
void Recorder::warn_of_maps(const ManifestLines& lines) {
  for (const Json& line : lines)
    for (const Json& warning : line.value("warnings", Json::array()))
      if (!settings_.arguments.quiet)
        progress_->say(fmt::format("whycam: warning: {}{}: {}", line["input"].get<std::string>(),
                                   line["class"].is_null() ? "" : ", class " + to_text(line["class"]),
                                   warning.get<std::string>()));
}

/// Names that belong to other classes would be believed.
void Recorder::warn_of_labels(const Shape& output) {
  const auto dimension = class_dimension(output);
  if (settings_.labels.empty() || !dimension ||
      output[*dimension] == static_cast<std::int64_t>(settings_.labels.size()))
    return;
  warn({fmt::format("the labels file names {} classes and the network has {}: these may be the wrong names",
                    settings_.labels.size(), output[*dimension])});
}

void Recorder::finish(double seconds, double explaining) {
  progress_.reset();
  const ExplainArguments& arguments = settings_.arguments;
  const std::vector<ManifestLines> all = all_lines(/*own=*/false);
  folder_.require_in_place();
  manifest_.require_in_place();
  if (arguments.resume || !started_) manifest_.rewrite(all_lines(/*own=*/true));
  const Json document = record_.write(settings_, all, /*finished=*/true);
  const std::string report = settings_.shard.file("report", ".html");
  if (arguments.report)
    write_report(settings_.folder / report, settings_.folder, document, all, [this](const ManifestLines& lines) {
      return reader_.read({lines[0]["input"].get<std::string>(), ""});
    });
  if (arguments.json) std::cout << to_text(document, 2) << "\n";
  if (!prints_text()) return;
  std::size_t pictures = 0;
  for (const ManifestLines& lines : all)
    for (const Json& line : lines) pictures += pictures_of(line).size();
  const std::string record = settings_.shard.file("explanation", ".json");
  std::cout << fmt::format("{} pictures, {}{} are in {}\n", pictures, manifest_name(),
                           arguments.report ? ", " + record + " and " + report : " and " + record,
                           printable(settings_.folder.string()));
  if (is_long())
    std::cout << fmt::format("{:.1f} s, {:.0f} % of them in the network and its explanation\n", seconds,
                             100 * explaining);
}

}  // namespace whycam::cli
