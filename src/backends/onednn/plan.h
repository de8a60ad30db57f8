// A graph made ready to run on oneDNN: its steps, its weights in the order that the convolutions like, and one block of
// memory for all that is computed.
#pragma once

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace whycam::onednn {

/// Why a graph cannot be run here.
class CannotPlan : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Run;

/// The threads that OpenMP gives the calling thread now.
int thread_count();

/// Whether the oneDNN in this process is the version that this was built for; nothing else here may be used otherwise.
/// (A libtorch may bring another one.)
bool available();

/// Immutable and thread-safe: several threads may run one plan at once, each in a Run of its own. Numbers are float32;
/// constants of the graph that the plan uses as they are must outlive it (their owners are kept).
class Plan {
 public:
  /// Made for the number of threads that OpenMP gives now; run it with the same. Throws CannotPlan.
  explicit Plan(const graph::Graph& graph);
  ~Plan();
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  /// Memory for one run at a time. Keep it and run it again: a run allocates no memory for numbers.
  std::unique_ptr<Run> start() const;

  std::size_t run_bytes() const;     ///< of a Run
  std::size_t packed_bytes() const;  ///< of weights that were reordered or folded, once for all runs

  struct Program;

 private:
  std::shared_ptr<const Program> program_;
};

/// One run: set the inputs, run section 0, read its outputs, then run further sections, in any order and number.
/// Outputs of section 0 are there until another section runs; those of a section until the next. For one thread at a
/// time.
class Run {
 public:
  explicit Run(std::shared_ptr<const Plan::Program> program);
  ~Run();

  /// Copies an input of a section in, in row-major order, right before that section runs: "output_gradient" is an input
  /// of every section but 0, all others are of section 0. One that the section does not use is ignored.
  void set(int section, const std::string& input, const float* numbers);
  void run(int section);
  /// The same, and the seconds of each step added to those of its kind: where the time goes.
  void run_measured(int section, std::map<std::string, double>& seconds);
  bool has(const std::string& output) const;
  /// Copies an output out, in row-major order.
  void read(const std::string& output, float* numbers);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace whycam::onednn
