// A graph made ready to run on oneDNN: its steps, its weights in the order that the convolutions like, and one block of
// memory for all that is computed.
#pragma once

#include "backends/backend.h"

namespace whycam::onednn {

using backends::CannotPlan;

/// The threads that OpenMP gives the calling thread now.
int thread_count();
void set_thread_count(int threads);

/// Whether the oneDNN in this process is the version that this was built for; nothing else here may be used otherwise.
/// (A libtorch may bring another one.)
bool available();

/// Whether the processor, as oneDNN may use it, multiplies bfloat16 natively.
bool multiplies_bfloat16();

class Plan : public backends::Plan {
 public:
  /// Computes so many examples of a batch at a time, where the graph keeps them apart; 0 leaves the choice.
  explicit Plan(const graph::Graph& graph, Precision precision = Precision::exact, std::int64_t examples_at_once = 0);
  ~Plan() override;
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  std::unique_ptr<backends::Run> start() const override;
  std::size_t run_bytes() const override;
  const std::map<const void*, std::size_t>& packed() const override;

  struct Program;

 private:
  std::shared_ptr<const Program> program_;
};

/// The line of the table of backends.
const backends::Backend& backend();

}  // namespace whycam::onednn
