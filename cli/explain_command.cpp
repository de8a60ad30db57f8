// whycam explain
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <iostream>
#include <map>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "batches.h"
#include "checksum.h"
#include "commands.h"
#include "explained_targets.h"
#include "interrupt.h"
#include "output_folder.h"
#include "printable.h"
#include "progress.h"
#include "queue.h"
#include "record.h"
#include "report/report.h"
#include "results.h"
#include "together.h"
#include "whycam/errors.h"

namespace whycam::cli {
namespace {

namespace fs = std::filesystem;

/// How many examples the network's file says that it takes; nothing where that is open.
std::optional<std::int64_t> declared_examples(const Network& network) {
  if (network.inputs().empty() || network.inputs()[0].shape.empty() || network.inputs()[0].shape[0] < 1) return {};
  return network.inputs()[0].shape[0];
}

/// A batch that went through the network.
struct Explained {
  std::vector<Item> items;
  std::vector<std::vector<ExplainedExample>> examples;  ///< of each item that did not fail
};

/// One run over all inputs. Three threads share the work: one reads ahead, this one explains, one draws and
/// writes. A bad input is reported and passed over; what is finished stays, whatever happens.
class Run {
 public:
  explicit Run(const ExplainArguments& arguments)
      : arguments_(arguments),
        settings_{arguments,
                  arguments.parse_methods(),
                  arguments.drawing.parse(),
                  {},
                  arguments.named_layers(),
                  arguments.output_dir,
                  arguments.preprocessing},
        options_(arguments.parse()),
        manifest_(settings_.folder) {
    options_.methods = settings_.methods;
    if (!arguments.labels.empty()) settings_.labels = Labels(arguments.labels);
    targets_.emplace(arguments, settings_.labels);
  }

  ExitCode go() {
    note_interrupts();  // the network may run from here on, to tell its layers and layouts
    files_ = find_inputs(arguments_.inputs);
    lines_.resize(files_.size());
    arguments_.preprocessing.parse();  // what is wrong there is said before anything takes time
    network_ = load<Network>(arguments_.model);
    if (arguments_.before_softmax) network_ = network_->before_softmax(options_.output_element);
    reader_.emplace(*network_, arguments_, files_);
    settings_.preprocessing = reader_->preprocessing();
    targets_->set_network(*network_, *reader_, files_);
    together_.emplace([this](const Tensor& input) { return explanation_of(input); }, arguments_.batch_size,
                      declared_examples(*network_));
    folder_.emplace(settings_.folder);
    record_.emplace(settings_);
    take_over();
    std::vector<bool> finished;
    for (const ManifestLines& lines : lines_) finished.push_back(!lines.empty());
    progress_.emplace(files_.size(), std::count(finished.begin(), finished.end(), true),
                      arguments_.quiet || !is_long());
    const auto start = Clock::now();
    explain_all(BatchReader(files_, finished, *reader_, arguments_.batch_size));
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    progress_.reset();
    finish(seconds);
    return first_failure_;
  }

 private:
  using Clock = std::chrono::steady_clock;

  bool several() const { return files_.size() > 1; }
  /// Whether progress is shown in place of tables.
  bool is_long() const { return files_.size() > 9; }
  bool prints_text() const { return !arguments_.quiet && !arguments_.json; }

  void take_over() {
    if (!arguments_.resume) return;
    const bool left = record_->take_over(settings_);
    if (!record_->damage().empty()) caution(record_->damage());
    if (!left) return;
    folder_->remove_unfinished_files();
    std::multimap<std::string, std::size_t> numbers;
    for (std::size_t number = 0; number < files_.size(); ++number)
      numbers.emplace(path_in_lines(files_[number].path), number);
    std::vector<ManifestLines> earlier = manifest_.read();
    if (!manifest_.damage().empty())
      caution("manifest.jsonl is damaged and what it told there is done again: " + manifest_.damage());
    for (ManifestLines& lines : earlier) {
      const auto [first, last] = numbers.equal_range(lines[0]["input"]);
      if (first == last) {
        keep(std::move(lines), others_.emplace_back());
        continue;
      }
      const auto open = std::find_if(first, last, [&](const auto& entry) { return lines_[entry.second].empty(); });
      if (open == last) continue;
      if (!is_up_to_date(lines, files_[open->second].path)) {
        remove_files_of(lines, settings_.folder);
        continue;
      }
      for (Json& line : lines) line["input"] = files_[open->second].path.string();  // with bytes that are no text, too
      keep(std::move(lines), lines_[open->second]);
    }
    manifest_.rewrite(all_lines());
  }

  /// Whether lines of an earlier run say of an input what a run would say now. What was skipped is tried again.
  static bool is_up_to_date(const ManifestLines& lines, const fs::path& path) {
    return lines[0].contains("input_crc32") && lines[0]["input_crc32"] == checksum_of_files({path});
  }

  void keep(ManifestLines&& lines, ManifestLines& place) {
    for (const Json& line : lines)
      for (const std::string& name : files_of(line)) names_.reserve(fs::path(name).stem().string());
    place = std::move(lines);
  }

  /// Those of this run's inputs in their order, then those of others that earlier runs left.
  std::vector<ManifestLines> all_lines() const {
    std::vector<ManifestLines> all = lines_;
    all.insert(all.end(), others_.begin(), others_.end());
    return all;
  }

  void explain_all(BatchReader reader) {
    std::thread reading([&] { read(reader); }), writing([&] { write(); });
    std::exception_ptr failure;
    try {
      while (auto batch = batches_.pop()) {
        if (interrupted() != 0) break;
        explain(std::move(*batch));
      }
      for (const Explained& held : held_)
        for (const Item& item : held.items)
          if (item.failure && interrupted() == 0) throw *item.failure;
    } catch (...) {
      failure = std::current_exception();
    }
    batches_.close();
    explained_.close();
    reading.join();
    writing.join();
    if (write_failure_) std::rethrow_exception(write_failure_);
    if (failure) std::rethrow_exception(failure);
    const auto unfinished =
        std::count_if(lines_.begin(), lines_.end(), [](const ManifestLines& lines) { return lines.empty(); });
    if (unfinished > 0)
      throw Failure(interrupted() == SIGTERM ? ExitCode::terminated : ExitCode::interrupted,
                    fmt::format("stopped by signal {} with {} of {} inputs finished; --resume goes on", interrupted(),
                                lines_.size() - static_cast<std::size_t>(unfinished), lines_.size()));
  }

  void read(BatchReader& reader) {
    try {
      while (auto batch = reader.next())
        if (!batches_.push(std::move(*batch))) return;
      batches_.close();
    } catch (...) {
      batches_.close(std::current_exception());
    }
  }

  void write() {
    try {
      while (auto explained = explained_.pop())
        for (std::size_t i = 0; i < explained->items.size(); ++i) write(explained->items[i], explained->examples[i]);
    } catch (...) {
      write_failure_ = std::current_exception();
      explained_.close(write_failure_);
    }
  }

  /// Whether a fault is passed over: one of this input alone, among several. A layer or target that fails is the
  /// input's fault where others are explained.
  bool passes_over(const Failure& failure) const {
    const ExitCode code = failure.code();
    if (!several() || code == ExitCode::output) return false;
    return explained_any_ || code == ExitCode::input || code == ExitCode::network || code == ExitCode::memory;
  }

  void explain(Batch batch) {
    Explained explained{std::move(batch.items), {}};
    explained.examples.resize(explained.items.size());
    if (!several() && !explained.items.empty() && explained.items[0].input && !explained.items[0].input->views.empty())
      targets_->set_geometry(explained.items[0].input->views[0].geometry());
    if (batch.tensor) take(together_->operator()(*batch.tensor), explained);
    for (const Item& item : explained.items)
      if (item.failure && !passes_over(*item.failure)) {
        if (!several() || !held_.empty()) throw *item.failure;
        held_.push_back(std::move(explained));  // the next input tells whose fault it is
        return;
      }
    if (explained_any_)
      for (Explained& held : std::exchange(held_, {})) explained_.push(std::move(held));
    explained_.push(std::move(explained));
  }

  /// Gives the examples of a batch to its items: pictures are one each, an array is all of them.
  void take(std::vector<ExplainedExample> examples, Explained& explained) {
    for (std::size_t i = 0; i < explained.items.size(); ++i) {
      Item& item = explained.items[i];
      if (item.failure) continue;
      if (is_array(item.file.path))
        explained.examples[i] = examples;
      else
        explained.examples[i] = {examples[i]};
      for (const ExplainedExample& one : explained.examples[i])
        if (one.failure && !item.failure) item.failure = one.failure;
      explained_any_ = explained_any_ || !item.failure;
    }
  }

  static void add_warnings_of_boxes(RunExplanation& explanation) {
    for (const FoundBox& found : explanation.boxes)
      if (found.detection.overlap < 0.5)
        explanation.warnings.push_back(
            fmt::format("the detector has no box near the one asked for: the best, of row {}, overlaps it by {:.3f}",
                        found.detection.row, found.detection.overlap));
  }

  RunExplanation explanation_of(const Tensor& input) {
    const auto start = Clock::now();
    const bool finds_layer = settings_.layers.empty() && takes_layer(settings_.methods);
    std::vector<Tensor> inputs{input};
    std::vector<Shape> shapes{input.shape};
    for (const Input& further : reader_->further()) {
      inputs.push_back(further.tensor);
      shapes.push_back(further.tensor.shape);
    }
    const std::vector<std::string> layers =
        finds_layer ? std::vector{network_->default_layer(shapes, options_.output_element)} : settings_.layers;
    Options options = options_;
    options.interpolation = interpolation_for(options.interpolation, input.shape.size());
    RunExplanation explanation{network_->explain(
        inputs, layers, [&](const Tensor& output) { return targets_->choose(output, shapes, options); }, options)};
    explanation.boxes = targets_->boxes();
    add_warnings_of_boxes(explanation);
    explanation.class_axis = targets_->class_axis();
    if (finds_layer) settings_.layers = layers;
    if (finds_layer && prints_text())
      std::cout << "layer: " << printable(layers[0])
                << " (the last one with spatial extent; --layer chooses another)\n";
    computing_ += std::chrono::duration<double>(Clock::now() - start).count();
    return explanation;
  }

  void write(const Item& item, const std::vector<ExplainedExample>& examples) {
    if (!lines_[item.number].empty()) return;  // finished by an earlier run; it is here because its batch was not
    ManifestLines lines;
    if (item.failure) {
      const std::string reason = item.failure->what(), path = item.file.path.string();
      progress_->say("whycam: skipped" + (reason.find(path) == std::string::npos ? " " + path : "") + ": " + reason);
      if (first_failure_ == ExitCode::success) first_failure_ = item.failure->code();
      lines = {{{"input", item.file.path.string()}, {"skipped", item.failure->what()}}};
    } else {
      lines = write_results(settings_, *item.input, *reader_, examples, names_);
      note(reader_->notes());
      for (const Input& further : reader_->further()) note(further.notes);
      note(item.input->notes);
      for (const auto& [explanation, row, failure] : examples) {
        warn(explanation->warnings);
        warn_of_labels(explanation->output.shape);
        warn(warnings_of_scores(explanation->output, row));
      }
      warn_of_maps(lines);
      if (prints_text() && !is_long())
        std::cout << printable(summary(settings_, *item.input, examples), /*keeps_lines=*/true);
    }
    if (!started_) record_->write(settings_, {}, /*finished=*/false);
    started_ = true;
    manifest_.append(lines);
    lines_[item.number] = std::move(lines);
    progress_->step(item.failure.has_value());
  }

  /// A warning before there is progress to show.
  void caution(const std::string& warning) const {
    if (!arguments_.quiet) std::cerr << "whycam: warning: " << printable(warning) << std::endl;
  }

  void warn(const std::vector<std::string>& warnings) {
    for (const std::string& warning : warnings) {
      if (std::find(record_->warnings.begin(), record_->warnings.end(), warning) != record_->warnings.end()) continue;
      record_->warnings.push_back(warning);
      if (!arguments_.quiet) progress_->say("whycam: warning: " + warning);
    }
  }

  /// What was converted, once a run.
  void note(const std::vector<std::string>& notes) {
    for (const std::string& text : notes)
      if (notes_.insert(text).second && !arguments_.quiet) progress_->say("whycam: note: " + text);
  }

  /// What each map's own line says already.
  void warn_of_maps(const ManifestLines& lines) {
    for (const Json& line : lines)
      for (const Json& warning : line.value("warnings", Json::array()))
        if (!arguments_.quiet)
          progress_->say(fmt::format("whycam: warning: {}{}: {}", line["input"].get<std::string>(),
                                     line["class"].is_null() ? "" : ", class " + to_text(line["class"]),
                                     warning.get<std::string>()));
  }

  /// Names that belong to other classes would be believed.
  void warn_of_labels(const std::vector<std::int64_t>& output) {
    const auto dimension = class_dimension(output);
    if (settings_.labels.empty() || !dimension ||
        output[*dimension] == static_cast<std::int64_t>(settings_.labels.size()))
      return;
    warn({fmt::format("the labels file names {} classes and the network has {}: these may be the wrong names",
                      settings_.labels.size(), output[*dimension])});
  }

  void finish(double seconds) {
    const std::vector<ManifestLines> all = all_lines();
    folder_->require_in_place();
    manifest_.require_in_place();
    if (arguments_.resume) manifest_.rewrite(all);
    const Json document = record_->write(settings_, all, /*finished=*/true);
    if (arguments_.report) write_report(settings_, document, all, *reader_);
    if (arguments_.json) std::cout << to_text(document, 2) << "\n";
    if (!prints_text()) return;
    std::size_t pictures = 0;
    for (const ManifestLines& lines : all)
      for (const Json& line : lines) pictures += pictures_of(line).size();
    std::cout << fmt::format("{} pictures, manifest.jsonl{} are in {}\n", pictures,
                             arguments_.report ? ", explanation.json and report.html" : " and explanation.json",
                             printable(settings_.folder.string()));
    if (is_long())
      std::cout << fmt::format("{:.1f} s, {:.0f} % of them in the network and its explanation\n", seconds,
                               100 * computing_ / seconds);
  }

  const ExplainArguments& arguments_;
  RunSettings settings_;
  Options options_;
  std::optional<ExplainedTargets> targets_;
  std::vector<InputFile> files_;
  std::optional<Network> network_;
  std::optional<InputReader> reader_;
  std::optional<Together> together_;
  std::vector<Explained> held_;  ///< failed by what may be the fault of this run's settings
  bool explained_any_ = false;
  double computing_ = 0;  ///< seconds

  Queue<Batch> batches_{2};
  Queue<Explained> explained_{2};
  std::optional<OutputFolder> folder_;

  // The writing thread's.
  Manifest manifest_;
  std::optional<Record> record_;
  std::optional<Progress> progress_;
  std::vector<ManifestLines> lines_;   ///< of each input
  std::vector<ManifestLines> others_;  ///< of inputs that earlier runs into the folder had and this one has not
  UniqueNames names_;
  std::set<std::string> notes_;
  bool started_ = false;
  ExitCode first_failure_ = ExitCode::success;
  std::exception_ptr write_failure_;
};

}  // namespace

ExitCode explain(const ExplainArguments& arguments) {
  use_threads(arguments.threads);
  return Run(arguments).go();
}

}  // namespace whycam::cli
