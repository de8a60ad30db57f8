// An explanation compiled for inputs of fixed shapes.
#pragma once

#include <optional>
#include <vector>

#include "core/cannot_compile.h"
#include "explain/run_pool.h"
#include "graph/program.h"
#include "methods/explanation.h"
#include "whycam/activation_report.h"
#include "whycam/graph_stage.h"

namespace whycam::explain {

using core::CannotCompile;

/// A plan, and what is known of its results.
class ExplanationPlan {
 public:
  /// Throws CannotCompile, LayerError and ModelError. Call require_backend first.
  ExplanationPlan(const graph::Forward& forward, const methods::Settings& settings);

  const RunPool& runs() const { return *runs_; }

  graph::Shape output_shape;
  methods::Parts parts;
  ActivationReport report;

 private:
  std::optional<RunPool> runs_;
};

/// One forward pass, which is then asked for explanations. Keeps its plan alive.
class ExplanationRun {
 public:
  explicit ExplanationRun(std::shared_ptr<const ExplanationPlan> plan) : plan_(std::move(plan)), run_(plan_->runs()) {}

  /// Copies an input in; its name is graph::input_name's or argument_name's.
  void set(const std::string& input, const float* numbers) { run_->set(0, input, numbers); }
  /// The forward pass; the output's numbers go to `output`.
  void forward(float* output);
  /// Computes all parts for this gradient of the output.
  void explain(const float* output_gradient);
  /// The numbers of a part, which `explain` computed. A part without a value is left as it is: make it zeros.
  void read(std::size_t part, float* numbers);

  const ExplanationPlan& plan() const { return *plan_; }

 private:
  std::shared_ptr<const ExplanationPlan> plan_;
  BorrowedRun run_;
};

/// Which activations stand between the output and the inputs.
ActivationReport activations(const graph::Forward& forward, bool clipped_relus);

/// The graph of an explanation, after each pass.
std::vector<GraphStage> stages_of(const graph::Forward& forward, const methods::Settings& settings);

/// Throws CannotCompile where plans cannot be run in this process.
void require_backend();

}  // namespace whycam::explain
