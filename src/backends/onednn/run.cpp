#include <omp.h>

#include <chrono>
#include <cstring>
#include <unordered_map>

#include "backends/onednn/large_memory.h"
#include "backends/onednn/program.h"

namespace whycam::onednn {

int thread_count() { return omp_get_max_threads(); }

struct Run::State {
  explicit State(std::shared_ptr<const Plan::Program> of)
      : program(std::move(of)), stream(cpu()), numbers(large_memory(program->run_bytes)) {
    const Memory memory(base(), program->offsets);
    for (const auto& section : program->sections) {
      auto& of_section = arguments.emplace_back();
      for (const Step& step : section) {
        auto& of_step = of_section.emplace_back();
        for (const Step::Argument& argument : step.arguments)
          of_step.emplace(argument.name, dnnl::memory(argument.description, cpu(), memory.at(argument.place)));
      }
    }
  }
  template <class Around>
  void run(int section, const Around& around);
  char* base() const { return reinterpret_cast<char*>(numbers.get()); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  std::shared_ptr<const Plan::Program> program;
  dnnl::stream stream;
  std::shared_ptr<float> numbers;
  std::vector<std::vector<std::unordered_map<int, dnnl::memory>>> arguments;
};

Run::Run(std::shared_ptr<const Plan::Program> program) : state_(std::make_unique<State>(std::move(program))) {}
Run::~Run() = default;

void Run::set(int section, const std::string& input, const float* numbers) {
  const auto& inputs = state_->program->inputs.at(static_cast<std::size_t>(section));
  const auto placed = inputs.find(input);
  if (placed == inputs.end()) return;
  float* to = Memory(state_->base(), state_->program->offsets).at(placed->second.place);
  std::memcpy(to, numbers, static_cast<std::size_t>(placed->second.numbers) * sizeof(float));
}

template <class Around>
void Run::State::run(int section, const Around& around) {
  const auto& steps = program->sections.at(static_cast<std::size_t>(section));
  const Memory memory(base(), program->offsets);
  for (std::size_t i = 0; i < steps.size(); ++i)
    around(steps[i], [&] {
      if (steps[i].loop)
        steps[i].loop(memory);
      else
        steps[i].primitive.execute(stream, arguments[static_cast<std::size_t>(section)][i]);
    });
  stream.wait();
}

void Run::run(int section) {
  state_->run(section, [](const Step&, const auto& work) { work(); });
}

void Run::run_measured(int section, std::map<std::string, double>& seconds) {
  state_->run(section, [&](const Step& step, const auto& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    state_->stream.wait();
    seconds[step.what] += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  });
}

bool Run::has(const std::string& output) const { return state_->program->outputs.count(output) > 0; }

void Run::read(const std::string& output, float* numbers) {
  const PlacedOutput& placed = state_->program->outputs.at(output);
  float* from = Memory(state_->base(), state_->program->offsets).at(placed.place);
  const std::int64_t count = graph::element_count(placed.shape);
  if (same_memory(placed.shape, placed.layout, {})) {
    std::memcpy(numbers, from, static_cast<std::size_t>(count) * sizeof(float));
    return;
  }
  dnnl::memory source(description(placed.shape, placed.layout), cpu(), from);
  dnnl::memory target(description(placed.shape, {}), cpu(), numbers);
  dnnl::reorder(source, target).execute(state_->stream, source, target);
  state_->stream.wait();
}

}  // namespace whycam::onednn
