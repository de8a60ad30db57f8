#include "checks/scores.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>

#include "torch/engine/engine.h"
#include "whycam/errors.h"
#include "whycam/probabilities.h"

namespace whycam::checks {
namespace {

std::vector<double> numbers_of(const torch::Tensor& tensor) {
  const torch::Tensor numbers = tensor.detach().to(at::kCPU, at::kDouble).contiguous();
  return {numbers.data_ptr<double>(), numbers.data_ptr<double>() + numbers.numel()};
}

}  // namespace

Target target_of(std::int64_t of_class, const std::vector<std::int64_t>& output_shape) {
  std::size_t longer = 0;
  Target::Indices indices(output_shape.empty() ? 0 : output_shape.size() - 1, 0);
  for (std::size_t i = 1; i < output_shape.size(); ++i) {
    if (output_shape[i] == 1 && output_shape.size() > 2) continue;
    indices[i - 1] = of_class;
    ++longer;
  }
  if (longer > 1)
    throw TargetError("the check asks for an output of examples x classes; this one has " +
                      std::to_string(output_shape.size()) + " dimensions");
  if (longer == 1) return Target::at(std::move(indices));
  if (of_class != 0)
    throw TargetError("the target " + std::to_string(of_class) +
                      " is not there: the network gives one number for an example, which is 0");
  return {};
}

Measure measure_of(Measure asked, const torch::Tensor& rows) {
  if (asked != Measure::automatic) return asked;
  const std::vector<double> numbers = numbers_of(rows);
  if (rows.size(1) == 1) return Measure::score;
  if (are_probabilities(numbers_of(rows[0]))) return Measure::probability;
  const bool sigmoids =
      std::all_of(numbers.begin(), numbers.end(), [](double number) { return number >= 0 && number <= 1; });
  return sigmoids ? Measure::probability : Measure::softmax;
}

double measured(const torch::Tensor& scores, std::int64_t of_class, Measure measure) {
  const std::vector<double> numbers = numbers_of(scores);
  return (measure == Measure::softmax ? probabilities(numbers) : numbers).at(static_cast<std::size_t>(of_class));
}

Scores::Scores(const Model& model, const AttributeOptions& options, std::size_t batch_size,
               const torch::Tensor& picture, const torch::Tensor& known)
    : engine_(engine::engine_for(model.network())),
      options_(options),
      batch_size_(static_cast<std::int64_t>(batch_size)),
      together_(batch_size > 1 && takes_together(picture, known)) {}

torch::Tensor Scores::operator()(const torch::Tensor& pictures) const {
  std::vector<torch::Tensor> rows;
  const std::int64_t step = together_ ? batch_size_ : 1;
  for (std::int64_t first = 0; first < pictures.size(0); first += step) {
    const torch::Tensor part = pictures.slice(0, first, first + step);
    rows.push_back((together_ ? run_together(part) : run(part)).reshape({part.size(0), -1}));
  }
  return at::cat(rows);
}

torch::Tensor Scores::run(const torch::Tensor& pictures) const {
  engine::Request request;
  request.inputs = {pictures};
  request.additional_forward_args = options_.additional_forward_args();
  request.output_element = options_.output_element();
  request.engine = options_.engine();
  return engine_->forward(request)->output().detach();
}

torch::Tensor Scores::run_together(const torch::Tensor& pictures) const {
  std::vector<torch::Tensor> filled{pictures};
  for (std::int64_t i = pictures.size(0); i < batch_size_; ++i) filled.push_back(pictures.slice(0, 0, 1));
  return run(at::cat(filled)).slice(0, 0, pictures.size(0));
}

/// A network that was traced with one example may mix several without an error.
bool Scores::takes_together(const torch::Tensor& picture, const torch::Tensor& known) const {
  try {
    const torch::Tensor rows = run_together(at::cat({at::zeros_like(picture), picture}));
    if (rows.dim() == 0 || rows.size(0) != 2 || rows.numel() != 2 * known.numel()) return false;
    const torch::Tensor alone = known.reshape(-1);
    constexpr double rounding = 1e-3;  // of another order of sums
    const torch::Tensor bound = rounding * (alone.abs().max() + 1e-6);
    return ((rows[1].reshape(-1) - alone).abs() <= bound).all().item<bool>();  // nor where any is NaN
  } catch (const ModelError&) {
    return false;
  }
}

}  // namespace whycam::checks
