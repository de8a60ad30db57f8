// What runs a graph: prepare, then run. No more is known of a backend than this; each is a folder beside this file.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>

#include "graph/graph.h"
#include "whycam/precision.h"

namespace whycam::backends {

/// Why a graph cannot be run here.
class CannotPlan : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// One run: set the inputs, run section 0, read its outputs, then run further sections, in any order and number.
/// Outputs of section 0 are there until another section runs; those of a section until the next. For one thread at a
/// time.
class Run {
 public:
  virtual ~Run() = default;

  /// Copies an input of a section in, in row-major order, right before that section runs: "output_gradient" is an input
  /// of every section but 0, all others are of section 0. One that the section does not use is ignored.
  virtual void set(int section, const std::string& input, const float* numbers) = 0;
  virtual void run(int section) = 0;
  /// The same, and the seconds of each step added to those of its kind: where the time goes.
  virtual void run_measured(int section, std::map<std::string, double>& seconds) = 0;
  virtual bool has(const std::string& output) const = 0;
  /// Copies an output out, in row-major order.
  virtual void read(const std::string& output, float* numbers) = 0;
};

/// A graph made ready to run. Immutable and thread-safe: several threads may run one plan at once, each in a Run of its
/// own. Numbers are float32; constants of the graph that the plan uses as they are must outlive it (their owners are
/// kept).
class Plan {
 public:
  virtual ~Plan() = default;

  /// Memory for one run at a time. Keep it and run it again: a run allocates no memory for numbers.
  virtual std::unique_ptr<Run> start() const = 0;

  virtual std::size_t run_bytes() const = 0;  ///< of a Run
  /// Bytes of weights that were reordered or folded, once for all runs, by where they lie: plans of one network share
  /// them.
  virtual const std::map<const void*, std::size_t>& packed() const = 0;
  std::size_t packed_bytes() const {
    std::size_t sum = 0;
    for (const auto& [memory, bytes] : packed()) sum += bytes;
    return sum;
  }
};

/// A backend: one device, one library under it.
struct Backend {
  const char* name;
  /// Whether it can be used in this process; nothing else of it may be otherwise.
  bool (*available)();
  /// The threads that the calling thread's runs get now, and how they are set.
  int (*thread_count)();
  void (*set_thread_count)(int threads);
  /// Whether plans of Precision::fast are any faster here.
  bool (*multiplies_bfloat16)();
  /// Where plans keep packed weights for other processes from now on; empty: nowhere. Throws OutputError.
  void (*keep_packed_weights)(const std::filesystem::path& folder);
  /// Made for thread_count() threads; run it with the same. Throws CannotPlan.
  std::unique_ptr<const Plan> (*prepare)(const graph::Graph& graph, Precision precision);
};

/// The one for graphs on the CPU.
const Backend& cpu();

}  // namespace whycam::backends
