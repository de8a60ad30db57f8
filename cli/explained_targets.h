// What a run explains: --target, --region, --box, --versus and --like, once a network's output is known.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "arguments.h"
#include "box.h"
#include "input_reader.h"
#include "labels.h"
#include "region_mask.h"
#include "targets.h"
#include "whycam/network.h"

namespace whycam::cli {

/// The targets of one output.
struct OutputTargets {
  std::vector<Target> targets;
  std::vector<FoundBox> boxes;  ///< what --box found
  std::size_t class_axis = 1;   ///< that counts the classes of a dense output
};

/// Thread-safe once the network and the geometry are set.
class ExplainedTargets {
 public:
  /// Throws Failure.
  ExplainedTargets(const ExplainArguments& arguments, const Labels& labels);

  /// What a mask or a reference needs beside the output: the network, how it takes pictures, and the one picture that
  /// is explained. They must stay. Throws Failure and InputError.
  void set_network(const Network& network, InputReader& reader, const std::vector<InputFile>& files);
  void set_geometry(const std::optional<picture::Geometry>& geometry) { geometry_ = geometry; }

  /// The targets of an output for inputs of these shapes. Throws TargetError, InputError and ModelError.
  OutputTargets choose(const Tensor& output, const std::vector<Shape>& inputs, const Options& options);

 private:
  void find_class_axis(const Shape& output, const std::vector<Shape>& inputs, const Options& options);
  Shape input_space(const std::vector<Shape>& inputs) const;
  Target similarity(const Tensor& output, const std::vector<Shape>& inputs, const Options& options);

  std::mutex mutex_;
  const ExplainArguments& arguments_;
  TargetSettings settings_;
  std::optional<RegionMask> mask_;
  std::optional<Box> box_;
  std::size_t labels_;  ///< how many classes have names
  std::optional<picture::Geometry> geometry_;
  std::vector<Shape> known_inputs_;  ///< to which the axis is known
  std::size_t class_axis_ = 1;
  const Network* network_ = nullptr;
  InputReader* reader_ = nullptr;
};

}  // namespace whycam::cli
