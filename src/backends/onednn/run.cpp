#include <omp.h>

#include <chrono>
#include <utility>

#include "backends/onednn/fork.h"
#include "backends/onednn/kernels.h"
#include "backends/onednn/packed_files.h"
#include "backends/onednn/program.h"
#include "core/large_memory.h"

namespace whycam::onednn {

int thread_count() { return omp_get_max_threads(); }
void set_thread_count(int threads) { omp_set_num_threads(threads); }

namespace {

/// A primitive's arguments as oneDNN's C interface takes them: its C++ one puts a map into that form at each call.
class Arguments {
 public:
  void add(int name, dnnl::memory memory) {
    arguments_.push_back({name, memory.get()});
    memories_.push_back(std::move(memory));
  }
  void execute(const dnnl::primitive& primitive, const dnnl::stream& stream) const {
    dnnl::error::wrap_c_api(
        dnnl_primitive_execute(primitive.get(), stream.get(), static_cast<int>(arguments_.size()), arguments_.data()),
        "oneDNN could not run a step");
  }

 private:
  std::vector<dnnl::memory> memories_;
  std::vector<dnnl_exec_arg_t> arguments_;
};

/// Copies on all threads: the others are awake until the next step anyway.
void copy(const float* from, float* to, std::int64_t count) { kernels::copy_runs(from, 0, to, 0, count, 1); }

class Run : public backends::Run {
 public:
  explicit Run(std::shared_ptr<const Plan::Program> of)
      : program_(std::move(of)), stream_(cpu()), numbers_(core::large_memory(program_->run_bytes)) {
    end_threads_before_forks();
    for (const auto& offsets : program_->offsets) {
      const Memory memory(base(), offsets);
      auto& of_part = arguments_.emplace_back();
      for (const auto& section : program_->sections) {
        auto& of_section = of_part.emplace_back();
        for (const Step& step : section) {
          auto& of_step = of_section.emplace_back();
          for (const Step::Argument& argument : step.arguments)
            of_step.add(argument.name, dnnl::memory(argument.description, cpu(), memory.at(argument.place)));
        }
      }
    }
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  void set(int section, const std::string& input, const float* numbers) override;
  void run(int section) override;
  void run_measured(int section, std::map<std::string, double>& seconds) override;
  bool has(const std::string& output) const override { return program_->outputs.count(output) > 0; }
  void read(const std::string& output, float* numbers) override;

 private:
  template <class Around>
  void run(int section, const Around& around);
  char* base() const { return reinterpret_cast<char*>(numbers_.get()); }

  std::shared_ptr<const Plan::Program> program_;
  dnnl::stream stream_;
  std::shared_ptr<float> numbers_;
  /// Of each step, for each part of the batch and each section.
  std::vector<std::vector<std::vector<Arguments>>> arguments_;
};

void Run::set(int section, const std::string& input, const float* numbers) {
  const auto& inputs = program_->inputs.at(static_cast<std::size_t>(section));
  const auto placed = inputs.find(input);
  if (placed == inputs.end()) return;
  const auto [place, count] = placed->second;
  for (const auto& offsets : program_->offsets) {
    copy(numbers, Memory(base(), offsets).at(place), count);
    numbers += count;
  }
}

template <class Around>
void Run::run(int section, const Around& around) {
  const auto& steps = program_->sections.at(static_cast<std::size_t>(section));
  for (std::size_t part = 0; part < arguments_.size(); ++part) {
    const Memory memory(base(), program_->offsets[part]);
    const auto& arguments = arguments_[part][static_cast<std::size_t>(section)];
    for (std::size_t i = 0; i < steps.size(); ++i)
      around(steps[i], [&] {
        if (steps[i].loop)
          steps[i].loop(memory);
        else
          arguments[i].execute(steps[i].primitive, stream_);
      });
  }
  stream_.wait();
}

void Run::run(int section) {
  run(section, [](const Step&, const auto& work) { work(); });
}

void Run::run_measured(int section, std::map<std::string, double>& seconds) {
  run(section, [&](const Step& step, const auto& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    stream_.wait();
    seconds[step.what] += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  });
}

void Run::read(const std::string& output, float* numbers) {
  const PlacedOutput& placed = program_->outputs.at(output);
  const std::int64_t count = graph::element_count(placed.shape);
  for (const auto& offsets : program_->offsets) {
    float* const from = Memory(base(), offsets).at(placed.place);
    if (same_memory(placed.shape, placed.layout, {})) {
      copy(from, numbers, count);
    } else {
      dnnl::memory source(description(placed.shape, placed.layout), cpu(), from);
      dnnl::memory target(description(placed.shape, {}), cpu(), numbers);
      dnnl::reorder(source, target).execute(stream_, source, target);
      stream_.wait();
    }
    numbers += count;
  }
}

}  // namespace

std::unique_ptr<backends::Run> Plan::start() const { return std::make_unique<Run>(program_); }

const backends::Backend& backend() {
  static const backends::Backend backend{
      "oneDNN",
      available,
      thread_count,
      set_thread_count,
      multiplies_bfloat16,
      keep_packed_weights,
      [](const graph::Graph& graph, Precision precision) -> std::unique_ptr<const backends::Plan> {
        return std::make_unique<Plan>(graph, precision);
      }};
  return backend;
}

}  // namespace whycam::onednn
