// What a run explains: --target, --region, --box, --versus and --like, once a network's output is known.
#pragma once

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

/// For one thread at a time.
class ExplainedTargets {
 public:
  /// Throws Failure.
  ExplainedTargets(const ExplainArguments& arguments, const Labels& labels);

  /// What a mask or a reference needs beside the output: the network, how it takes pictures, and the one picture that
  /// is explained. They must stay. Throws Failure and InputError.
  void set_network(const Network& network, InputReader& reader, const std::vector<InputFile>& files);
  void set_geometry(const std::optional<picture::Geometry>& geometry) { geometry_ = geometry; }

  /// What --box found in the output that targets were last chosen for.
  const std::vector<FoundBox>& boxes() const { return boxes_; }
  /// The axis of that output that counts classes, where it is dense.
  std::size_t class_axis() const { return class_axis_; }

  /// The targets of an output for inputs of these shapes. Throws TargetError, InputError and ModelError.
  std::vector<Target> choose(const Tensor& output, const std::vector<Shape>& inputs, const Options& options);

 private:
  void find_class_axis(const Shape& output, const std::vector<Shape>& inputs, const Options& options);
  Shape input_space(const std::vector<Shape>& inputs) const;
  Target similarity(const Tensor& output, const std::vector<Shape>& inputs, const Options& options);

  const ExplainArguments& arguments_;
  TargetSettings settings_;
  std::optional<RegionMask> mask_;
  std::optional<Box> box_;
  std::vector<FoundBox> boxes_;
  std::size_t labels_;  ///< how many classes have names
  std::optional<picture::Geometry> geometry_;
  std::vector<Shape> known_inputs_;  ///< to which the axis is known
  std::size_t class_axis_ = 1;
  const Network* network_ = nullptr;
  InputReader* reader_ = nullptr;
};

}  // namespace whycam::cli
