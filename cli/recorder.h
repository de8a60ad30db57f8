// What a run leaves beside its pictures: the manifest, the record, the report, and what it says.
#pragma once

#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "batches.h"
#include "input_reader.h"
#include "manifest.h"
#include "output_folder.h"
#include "progress.h"
#include "record.h"
#include "results.h"
#include "run_inputs.h"
#include "together.h"

namespace whycam::cli {

/// An input on its way into the manifest.
struct Finished {
  Item item;
  std::vector<ExplainedExample> examples;
  ManifestLines lines;
};

/// For one thread at a time, but for set_layers.
class Recorder {
 public:
  /// All of them must stay. With --resume it takes over what earlier runs finished, and reserves their names; it takes
  /// their layer where none was named. Throws Failure and OutputError.
  Recorder(RunSettings& settings, const RunInputs& inputs, InputReader& reader, OutputFolder& folder,
           UniqueNames& names);

  /// Of each input: whether it is done.
  std::vector<bool> finished() const;

  /// Starts to show progress.
  void begin_progress();
  /// The layers that were chosen where none was named. For any thread.
  void set_layers(const std::vector<std::string>& layers);
  /// Waits for an input's files, says what is to be said of it, and appends it to the manifest.
  void record(Finished& one, std::future<void> written);
  /// The run is at its end: writes the record and the report and prints what is where. `explaining`: the share of the
  /// seconds in which the network and its explanation ran.
  void finish(double seconds, double explaining);

  /// Of the first input that was skipped.
  ExitCode first_failure() const { return first_failure_; }
  /// How many inputs are not done.
  std::size_t unfinished() const;

 private:
  bool prints_text() const { return !settings_.arguments.quiet && !settings_.arguments.json; }
  bool is_long() const { return inputs_.files.size() > 9; }
  std::string manifest_name() const { return settings_.shard.file("manifest", ".jsonl"); }
  std::vector<ManifestLines> all_lines(bool own) const;
  void go_on(UniqueNames& names);
  void begin();
  void say_of(const Finished& one);
  void caution(const std::string& warning) const;
  void warn(const std::vector<std::string>& warnings);
  void note(const std::vector<std::string>& notes);
  void warn_of_maps(const ManifestLines& lines);
  void warn_of_labels(const Shape& output);

  RunSettings& settings_;
  const RunInputs& inputs_;
  InputReader& reader_;
  OutputFolder& folder_;
  Record record_;
  Manifest manifest_;
  std::optional<Progress> progress_;
  std::vector<ManifestLines> lines_;   ///< of each input
  std::vector<bool> elsewhere_;        ///< of each: whether its lines are in another shard's manifest
  std::vector<ManifestLines> others_;  ///< of inputs that earlier runs into the folder had and this one has not
  std::set<std::string> notes_;
  std::mutex layers_mutex_;
  bool goes_on_ = false, started_ = false, explained_any_ = false;
  ExitCode first_failure_ = ExitCode::success;
};

}  // namespace whycam::cli
