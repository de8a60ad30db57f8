// What a plan is made of.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "backends/onednn/api.h"
#include "backends/onednn/plan.h"

namespace whycam::onednn {

/// Where numbers are: in a buffer of the run, or fixed.
struct Place {
  int buffer = -1;
  const float* fixed = nullptr;
  std::int64_t offset = 0;  ///< in numbers
};

/// The memory of a run.
class Memory {
 public:
  Memory(char* base, const std::vector<std::size_t>& offsets) : base_(base), offsets_(offsets) {}
  float* at(const Place& place) const {
    // Fixed numbers are never written: a step that does has a buffer.
    float* begin = place.buffer < 0
                       ? const_cast<float*>(place.fixed)
                       : reinterpret_cast<float*>(base_ + offsets_[static_cast<std::size_t>(place.buffer)]);
    return begin + place.offset;
  }

 private:
  char* base_;
  const std::vector<std::size_t>& offsets_;
};

/// One thing to do: a primitive of oneDNN's with its arguments, or a loop of our own.
struct Step {
  struct Argument {
    int name;
    dnnl::memory::desc description;
    Place place;
  };
  dnnl::primitive primitive;
  std::vector<Argument> arguments;
  std::function<void(const Memory&)> loop;
  std::string what;  ///< for measurements
};

struct PlacedInput {
  Place place;
  std::int64_t numbers;
};

struct PlacedOutput {
  Place place;
  graph::Shape shape;
  Layout layout;
};

/// The steps are those of one part of the batch: a run takes them for each part, one after the other. All parts share
/// the memory of what does not outlive a step's readers; inputs, outputs and what a later section reads are there for
/// each.
struct Plan::Program {
  std::vector<std::deque<Step>> sections;                  ///< steps stay where they are while others are added
  std::vector<std::map<std::string, PlacedInput>> inputs;  ///< of each section
  std::map<std::string, PlacedOutput> outputs;
  std::vector<std::vector<std::size_t>> offsets;  ///< for each part, of the buffers, in bytes
  std::size_t run_bytes = 0;
  std::map<const void*, std::size_t> packed;        ///< bytes, by where they lie
  std::vector<std::shared_ptr<const void>> owners;  ///< of fixed numbers
};

}  // namespace whycam::onednn
