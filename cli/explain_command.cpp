// whycam explain
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <deque>
#include <future>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "batches.h"
#include "commands.h"
#include "explained_targets.h"
#include "interrupt.h"
#include "machine.h"
#include "output_folder.h"
#include "printable.h"
#include "queue.h"
#include "recorder.h"
#include "results.h"
#include "run_inputs.h"
#include "sharing.h"
#include "together.h"
#include "whycam/errors.h"
#include "whycam/picture/files.h"
#include "workers.h"

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

/// A finished input whose files are being written.
struct Written {
  std::shared_ptr<Finished> input;
  std::future<void> files;
};

/// One run over all inputs. Some threads read ahead, draw and write, others explain; this one keeps the order of the
/// inputs between them, and one more appends to the manifest. A bad input is reported and passed over; what is finished
/// stays, whatever happens.
class Run {
 public:
  explicit Run(const ExplainArguments& arguments)
      : arguments_(arguments),
        settings_{arguments, arguments.parse_methods(), arguments.drawing.parse(),
                  {},        arguments.named_layers(),  arguments.output_dir,
                  {},        arguments.preprocessing},
        options_(arguments.parse()),
        threads_(static_cast<std::size_t>(use_threads(arguments.threads))) {
    options_.methods = settings_.methods;
    if (!arguments.labels.empty()) settings_.labels = Labels(arguments.labels);
    targets_.emplace(arguments, settings_.labels);
  }

  ExitCode go() {
    note_interrupts();  // the network may run from here on, to tell its layers and layouts
    inputs_ = find_run_inputs(arguments_);
    settings_.shard = inputs_.shard;
    arguments_.preprocessing.parse();  // what is wrong there is said before anything takes time
    say_shard();
    if (!arguments_.plan_cache.empty()) set_plan_cache(arguments_.plan_cache);
    network_ = load<Network>(arguments_.model);
    if (arguments_.before_softmax) network_ = network_->before_softmax(options_.output_element);
    reader_.emplace(*network_, arguments_, inputs_.all);
    settings_.preprocessing = reader_->preprocessing();
    targets_->set_network(*network_, *reader_, inputs_.all);
    together_.emplace([this](const Tensor& input) { return explanation_of(input); }, arguments_.batch_size,
                      declared_examples(*network_));
    folder_.emplace(settings_.folder, settings_.shard);
    if (!settings_.shard.is_all()) picture::set_owner_of_temporary_files(settings_.shard.name());
    recorder_.emplace(settings_, inputs_, *reader_, *folder_, names_);
    finished_ = recorder_->finished();
    recorder_->begin_progress();
    share_out();
    const auto start = Clock::now();
    explain_all(BatchReader(inputs_.files, finished_, *reader_, arguments_.batch_size));
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    recorder_->finish(seconds, computing_ / (seconds * static_cast<double>(sharing_.workers)));
    return recorder_->first_failure();
  }

 private:
  using Clock = std::chrono::steady_clock;

  bool several() const { return inputs_.all.size() > 1; }

  /// What others do is never left out without a word.
  void say_shard() {
    for (const std::string& note : inputs_.notes)
      if (!arguments_.quiet) std::cerr << "whycam: note: " << printable(note) << std::endl;
    if (!inputs_.automatic.empty()) std::cerr << "whycam: " << printable(inputs_.automatic) << std::endl;
  }

  /// Before the first explanation, which tells how much memory one takes.
  void share_out() {
    const auto arrays = static_cast<std::size_t>(std::count_if(
        inputs_.all.begin(), inputs_.all.end(), [](const InputFile& file) { return is_array(file.path); }));
    const std::size_t batch = static_cast<std::size_t>(arguments_.batch_size),
                      batches = arrays + (inputs_.all.size() - arrays + batch - 1) / batch,
                      asked = static_cast<std::size_t>(arguments_.workers);
    sharing_ = asked > 0 ? among(asked, threads_) : shared_out(threads_, batches);
    options_.threads = sharing_.threads;  // a new thread has OpenMP's number, not the one that was asked for
  }

  /// The network was explained for the first time. Says whether others get another number of threads.
  bool limit_sharing(const RunExplanation& explanation) {
    if (arguments_.workers == 0)
      sharing_ = within_memory(sharing_, threads_, explanation.working_bytes, usable_memory());
    const bool changes = options_.threads != sharing_.threads;
    options_.threads = sharing_.threads;
    limit_plan_memory(std::max<std::uint64_t>(std::uint64_t{1} << 30, sharing_.workers * explanation.working_bytes));
    return changes;
  }

  void explain_all(BatchReader reader) {
    Workers helpers(sharing_.workers + 1);
    Workers recording(1);
    std::future<void> recorded = recording.give([&] { record(); });
    std::exception_ptr failure;
    try {
      explain_all(reader, helpers);
    } catch (...) {
      failure = std::current_exception();
    }
    finished_inputs_.close();
    recorded.get();
    if (failure) std::rethrow_exception(failure);
    const std::size_t all = inputs_.files.size(), unfinished = recorder_->unfinished();
    if (unfinished > 0)
      throw Failure(interrupted() == SIGTERM ? ExitCode::terminated : ExitCode::interrupted,
                    fmt::format("stopped by signal {} with {} of {} inputs finished; --resume goes on", interrupted(),
                                all - unfinished, all));
  }

  /// Reads a few batches ahead, and explains as many at once as there are workers; one alone until that went well.
  void explain_all(BatchReader& reader, Workers& helpers) {
    std::optional<Workers> explainers(std::in_place, 1);
    std::deque<std::future<Batch>> read;
    std::deque<std::future<std::optional<Explained>>> explained;
    while (true) {
      const std::size_t together = explained_any_ ? 2 * sharing_.workers : 1;
      while (read.size() + explained.size() < together + 2) {
        const auto place = reader.next();
        if (!place) break;
        read.push_back(helpers.give([&reader, place = *place] { return reader.read(place); }));
      }
      for (; !read.empty() && explained.size() < together; read.pop_front())
        explained.push_back(
            explainers->give([this, batch = std::move(read.front())]() mutable { return explain(std::move(batch)); }));
      if (explained.empty()) break;
      std::optional<Explained> one = explained.front().get();
      explained.pop_front();
      if (!one) return;  // interrupted
      const bool was_alone = !explained_any_;
      sort_out(std::move(*one), helpers);
      if (was_alone && explained_any_) explainers.emplace(sharing_.workers);
    }
    for (const Explained& held : held_)
      for (const Item& item : held.items)
        if (item.failure && interrupted() == 0) throw *item.failure;
  }

  /// Appends what is finished to the manifest, in order.
  void record() {
    try {
      while (auto one = finished_inputs_.pop()) recorder_->record(*one->input, std::move(one->files));
    } catch (...) {
      finished_inputs_.close(std::current_exception());
      throw;
    }
  }

  /// Whether a fault is passed over: one of this input alone, among several. A layer or target that fails is the
  /// input's fault where others are explained.
  bool passes_over(const Failure& failure) const {
    const ExitCode code = failure.code();
    if (!several() || code == ExitCode::output) return false;
    return explained_any_ || code == ExitCode::input || code == ExitCode::network || code == ExitCode::memory;
  }

  /// By one of the explaining threads; nothing once a signal came.
  std::optional<Explained> explain(std::future<Batch> read) {
    if (interrupted() != 0) return std::nullopt;
    Batch batch = read.get();
    Explained explained{std::move(batch.items), {}};
    explained.examples.resize(explained.items.size());
    if (!several() && !explained.items.empty() && explained.items[0].input && !explained.items[0].input->views.empty())
      targets_->set_geometry(explained.items[0].input->views[0].geometry());
    if (batch.tensor) take(together_->operator()(*batch.tensor), explained);
    return explained;
  }

  void sort_out(Explained explained, Workers& helpers) {
    for (const Item& item : explained.items)
      if (!explained_any_ && item.input && !item.failure) explained_any_ = true;
    for (const Item& item : explained.items)
      if (item.failure && !passes_over(*item.failure)) {
        if (!several() || !held_.empty()) throw *item.failure;
        held_.push_back(std::move(explained));  // the next input tells whose fault it is
        return;
      }
    if (explained_any_)
      for (Explained& held : std::exchange(held_, {})) finish(std::move(held), helpers);
    finish(std::move(explained), helpers);
  }

  void finish(Explained explained, Workers& helpers) {
    for (std::size_t i = 0; i < explained.items.size(); ++i) {
      Item& item = explained.items[i];
      if (finished_[item.number]) continue;  // by an earlier run; it is here because its batch was not
      Written written{std::make_shared<Finished>(), {}};
      const auto& one = written.input;
      one->item = std::move(item);
      one->examples = std::move(explained.examples[i]);
      if (!one->item.failure) {
        Results results = results_of(settings_, *one->item.input, *reader_, one->examples, names_);
        one->lines = std::move(results.lines);
        written.files = helpers.give([one, work = std::move(results.work)] {  // which reads the input
          for (const auto& step : work) step();
        });
      }
      finished_inputs_.push(std::move(written));
    }
  }

  /// Gives the examples of a batch to its items: pictures are one each, an array is all of them.
  static void take(std::vector<ExplainedExample> examples, Explained& explained) {
    for (std::size_t i = 0; i < explained.items.size(); ++i) {
      Item& item = explained.items[i];
      if (item.failure) continue;
      if (is_array(item.file.path))
        explained.examples[i] = examples;
      else
        explained.examples[i] = {examples[i]};
      for (const ExplainedExample& one : explained.examples[i])
        if (one.failure && !item.failure) item.failure = one.failure;
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
    OutputTargets chosen;
    const auto choose = [&](const Tensor& output) {
      chosen = targets_->choose(output, shapes, options);
      return chosen.targets;
    };
    RunExplanation explanation{network_->explain(inputs, layers, choose, options)};
    if (!explained_any_ &&
        limit_sharing(explanation)) {  // it is alone; once more, so that no picture differs by being first
      options.threads = options_.threads;
      std::vector<std::string> warnings = std::move(explanation.warnings);  // which come once
      static_cast<Network::Explanation&>(explanation) = network_->explain(inputs, layers, choose, options);
      explanation.warnings = std::move(warnings);
    }
    explanation.boxes = std::move(chosen.boxes);
    add_warnings_of_boxes(explanation);
    explanation.class_axis = chosen.class_axis;
    if (finds_layer) recorder_->set_layers(layers);
    if (finds_layer && !arguments_.quiet && !arguments_.json)
      std::cout << "layer: " << printable(layers[0])
                << " (the last one with spatial extent; --layer chooses another)\n";
    const std::lock_guard lock(computing_mutex_);
    computing_ += std::chrono::duration<double>(Clock::now() - start).count();
    return explanation;
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
  std::vector<bool> finished_;   ///< of each input: whether an earlier run did it
  UniqueNames names_;
  bool explained_any_ = false;  ///< becomes true while nothing is being explained
  const std::size_t threads_;   ///< of the whole run
  Sharing sharing_;
  std::mutex computing_mutex_;
  double computing_ = 0;  ///< seconds of all workers

  std::optional<OutputFolder> folder_;
  std::optional<Recorder> recorder_;  ///< the recording thread's while that runs
  Queue<Written> finished_inputs_{2 * threads_ + 2};
};

}  // namespace

ExitCode explain(const ExplainArguments& arguments) { return Run(arguments).go(); }

}  // namespace whycam::cli
