// A network's scores of pictures, and what they say of a class.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "whycam/model.h"
#include "whycam/options.h"
#include "whycam/torch_tensor.h"
#include "whycam/trust.h"

namespace whycam::engine {
class Engine;
}

namespace whycam::checks {

/// The numbers of a class in an output: its target, for one example. Throws TargetError where the output is not of one
/// example x classes, or one number.
Target target_of(std::int64_t of_class, const std::vector<std::int64_t>& output_shape);

/// How a class is measured by the scores of one picture or more, one row each.
Measure measure_of(Measure asked, const torch::Tensor& rows);

/// What is measured of a class by the scores of one picture.
double measured(const torch::Tensor& scores, std::int64_t of_class, Measure measure);

/// Rows of scores. Pictures go through the network together, always as many, so that one plan serves all; where it
/// refuses that, or gives something else than for one alone, one by one.
class Scores {
 public:
  /// `known`: what the network gave for `picture`, of one example.
  Scores(const Model& model, const AttributeOptions& options, std::size_t batch_size, const torch::Tensor& picture,
         const torch::Tensor& known);

  /// One row a picture.
  torch::Tensor operator()(const torch::Tensor& pictures) const;

 private:
  torch::Tensor run(const torch::Tensor& pictures) const;
  torch::Tensor run_together(const torch::Tensor& pictures) const;
  bool takes_together(const torch::Tensor& picture, const torch::Tensor& known) const;

  std::shared_ptr<const engine::Engine> engine_;
  AttributeOptions options_;
  std::int64_t batch_size_;
  bool together_;
};

}  // namespace whycam::checks
