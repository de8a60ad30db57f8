// whycam explain
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <iostream>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "batches.h"
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
#include "run_inputs.h"
#include "take_over.h"
#include "together.h"
#include "whycam/errors.h"
#include "whycam/picture/files.h"

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
        settings_{arguments, arguments.parse_methods(), arguments.drawing.parse(),
                  {},        arguments.named_layers(),  arguments.output_dir,
                  {},        arguments.preprocessing},
        options_(arguments.parse()) {
    options_.methods = settings_.methods;
    if (!arguments.labels.empty()) settings_.labels = Labels(arguments.labels);
    targets_.emplace(arguments, settings_.labels);
  }

  ExitCode go() {
    note_interrupts();  // the network may run from here on, to tell its layers and layouts
    inputs_ = find_run_inputs(arguments_);
    settings_.shard = inputs_.shard;
    lines_.resize(inputs_.files.size());
    elsewhere_.resize(inputs_.files.size());
    arguments_.preprocessing.parse();  // what is wrong there is said before anything takes time
    say_shard();
    network_ = load<Network>(arguments_.model);
    if (arguments_.before_softmax) network_ = network_->before_softmax(options_.output_element);
    reader_.emplace(*network_, arguments_, inputs_.all);
    settings_.preprocessing = reader_->preprocessing();
    targets_->set_network(*network_, *reader_, inputs_.all);
    together_.emplace([this](const Tensor& input) { return explanation_of(input); }, arguments_.batch_size,
                      declared_examples(*network_));
    folder_.emplace(settings_.folder, settings_.shard);
    if (!settings_.shard.is_all()) picture::set_owner_of_temporary_files(settings_.shard.name());
    record_.emplace(settings_);
    manifest_.emplace(settings_.folder / manifest_name());
    if (arguments_.resume)
      go_on();
    else
      require_one_count(settings_.folder, settings_.shard);
    std::vector<bool> finished;
    for (const ManifestLines& lines : lines_) finished.push_back(!lines.empty());
    progress_.emplace(inputs_.files.size(), std::count(finished.begin(), finished.end(), true),
                      arguments_.quiet || !is_long());
    const auto start = Clock::now();
    explain_all(BatchReader(inputs_.files, finished, *reader_, arguments_.batch_size));
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    progress_.reset();
    finish(seconds);
    return first_failure_;
  }

 private:
  using Clock = std::chrono::steady_clock;

  bool several() const { return inputs_.all.size() > 1; }
  /// Whether progress is shown in place of tables.
  bool is_long() const { return inputs_.files.size() > 9; }
  bool prints_text() const { return !arguments_.quiet && !arguments_.json; }

  std::string manifest_name() const { return settings_.shard.file("manifest", ".jsonl"); }

  /// What others do is never left out without a word.
  void say_shard() {
    for (const std::string& note : inputs_.notes)
      if (!arguments_.quiet) std::cerr << "whycam: note: " << printable(note) << std::endl;
    if (!inputs_.automatic.empty()) std::cerr << "whycam: " << printable(inputs_.automatic) << std::endl;
  }

  void go_on() {
    const std::vector<Shard> believed = record_->take_over(settings_);
    for (const std::string& damage : record_->damage()) caution(damage);
    folder_->remove_unfinished_files(sub_folders_of(inputs_.files));
    TakenOver taken = take_over(settings_.folder, settings_.shard, believed, inputs_.files);
    for (const std::string& damage : taken.cautions) caution(damage);
    lines_ = std::move(taken.lines);
    elsewhere_ = std::move(taken.elsewhere);
    others_ = std::move(taken.others);
    for (const std::string& name : taken.names) names_.reserve(name);
    goes_on_ = std::find(believed.begin(), believed.end(), settings_.shard) != believed.end();
    if (goes_on_) manifest_->rewrite(all_lines(/*own=*/true));
  }

  /// Those of this run's inputs in their order, then those of others that earlier runs left. Own: without what stands
  /// in other shards' manifests.
  std::vector<ManifestLines> all_lines(bool own) const {
    std::vector<ManifestLines> all;
    for (std::size_t number = 0; number < lines_.size(); ++number)
      if (!own || !elsewhere_[number]) all.push_back(lines_[number]);
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
    if (!started_) begin();
    manifest_->append(lines);
    lines_[item.number] = std::move(lines);
    progress_->step(item.failure.has_value());
  }

  /// Lines of an earlier run that this one does not go on with must never stand beside this run's record.
  void begin() {
    if (!goes_on_) manifest_->rewrite({});
    record_->write(settings_, {}, /*finished=*/false);
    started_ = true;
  }

  /// A warning before there is progress to show.
  void caution(const std::string& warning) const {
    if (!arguments_.quiet) cli::warn(warning);
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
    const std::vector<ManifestLines> all = all_lines(/*own=*/false);
    folder_->require_in_place();
    manifest_->require_in_place();
    if (arguments_.resume || !started_) manifest_->rewrite(all_lines(/*own=*/true));
    const Json document = record_->write(settings_, all, /*finished=*/true);
    const std::string report = settings_.shard.file("report", ".html");
    if (arguments_.report)
      write_report(settings_.folder / report, settings_.folder, document, all, [this](const ManifestLines& lines) {
        return reader_->read({lines[0]["input"].get<std::string>(), ""});
      });
    if (arguments_.json) std::cout << to_text(document, 2) << "\n";
    if (!prints_text()) return;
    std::size_t pictures = 0;
    for (const ManifestLines& lines : all)
      for (const Json& line : lines) pictures += pictures_of(line).size();
    const std::string record = settings_.shard.file("explanation", ".json");
    std::cout << fmt::format("{} pictures, {}{} are in {}\n", pictures, manifest_name(),
                             arguments_.report ? ", " + record + " and " + report : " and " + record,
                             printable(settings_.folder.string()));
    if (is_long())
      std::cout << fmt::format("{:.1f} s, {:.0f} % of them in the network and its explanation\n", seconds,
                               100 * computing_ / seconds);
  }

  const ExplainArguments& arguments_;
  RunSettings settings_;
  Options options_;
  std::optional<ExplainedTargets> targets_;
  RunInputs inputs_;
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
  std::optional<Manifest> manifest_;
  std::optional<Record> record_;
  std::optional<Progress> progress_;
  std::vector<ManifestLines> lines_;   ///< of each input
  std::vector<bool> elsewhere_;        ///< of each: whether its lines are in another shard's manifest
  std::vector<ManifestLines> others_;  ///< of inputs that earlier runs into the folder had and this one has not
  UniqueNames names_;
  std::set<std::string> notes_;
  bool goes_on_ = false, started_ = false;
  ExitCode first_failure_ = ExitCode::success;
  std::exception_ptr write_failure_;
};

}  // namespace

ExitCode explain(const ExplainArguments& arguments) {
  use_threads(arguments.threads);
  return Run(arguments).go();
}

}  // namespace whycam::cli
