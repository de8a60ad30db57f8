#include "core/objective.h"

#include <cmath>

#include "core/shape_text.h"
#include "whycam/errors.h"

namespace whycam::core {
namespace {

using Shape = std::vector<std::int64_t>;

/// Adds the terms of a target up.
class Sum {
 public:
  explicit Sum(const OutputValues& output) : output_(output), row_(output.values.size() / rows()) {
    result_.scores.assign(rows(), 0);
    result_.gradient.assign(output.values.size(), 0);
  }

  void add(const Target::Term& term) {
    coefficient_ = term.coefficient;
    if (const auto* similarity = std::get_if<Target::Similarity>(&term.choice)) return add(*similarity->reference);
    if (const auto* function = std::get_if<Target::ValueFunction>(&term.choice)) return add(*function);
    if (std::holds_alternative<std::shared_ptr<const TensorFunction>>(term.choice))
      throw TargetError(
          "a function of tensors is explained by explainers on torch::Tensor; give one of whycam::Tensor here");
    if (term.region) return add_region(term);
    add_indices(Target(term.choice));
  }

  Objective take() { return std::move(result_); }

 private:
  std::size_t rows() const { return static_cast<std::size_t>(output_.examples); }

  /// One more of the output's values, by its index, goes into an example's score.
  void add_value(std::size_t example, std::size_t index) {
    result_.scores[example] += coefficient_ * output_.values[index];
    result_.gradient[index] += coefficient_;
  }

  void add_indices(const Target& target) {
    const Shape shape = output_.shape.empty() && output_.examples == 1 ? Shape{1} : output_.shape;
    const std::vector<Target::Indices> indices = target.resolve(shape);
    if (indices.size() != rows()) throw wrong_rows(indices.size());
    for (std::size_t example = 0; example < indices.size(); ++example) {
      auto index = static_cast<std::int64_t>(example);
      for (std::size_t i = 0; i < indices[example].size(); ++i) index = index * shape[i + 1] + indices[example][i];
      add_value(example, static_cast<std::size_t>(index));
    }
  }

  TargetError wrong_rows(std::size_t count) const {
    return TargetError("the output has " + std::to_string(count) + " rows for " + std::to_string(output_.examples) +
                       " examples; the first dimension of the explained output must count the examples");
  }

  void add_region(const Target::Term& term) {
    const Shape& shape = output_.shape;
    if (shape.size() < 3)
      throw TargetError("a region is for an output of N x classes x space; this one is " + shape_text(shape));
    if (shape[0] != output_.examples) throw wrong_rows(static_cast<std::size_t>(shape[0]));
    const std::size_t axis = output_.class_axis.value_or(1);
    if (!output_.class_axis)
      result_.warnings.push_back(
          "which axis of the output of " + shape_text(shape) +
          " counts the classes cannot be told from the network: N x classes x space was assumed");
    classes_ = static_cast<std::size_t>(shape[axis]);
    behind_ = 1;
    for (std::size_t d = axis + 1; d < shape.size(); ++d) behind_ *= static_cast<std::size_t>(shape[d]);
    Shape space(shape.begin() + 1, shape.end());
    space.erase(space.begin() + static_cast<std::ptrdiff_t>(axis) - 1);
    const Target resolved(term.choice);
    const std::vector<Target::Indices> indices = resolved.resolve({shape[0], shape[axis]});
    for (std::size_t example = 0; example < rows(); ++example)
      add_region(*term.region, space, example, static_cast<std::size_t>(indices[example][0]));
  }

  void add_region(const Region& region, const Shape& space, std::size_t example, std::size_t of_class) {
    const std::size_t places = row_ / classes_;
    const float* mask = mask_of(region, space, example, places);
    std::size_t count = 0;
    for (std::size_t place = 0; place < places; ++place) {
      if (mask && mask[place] == 0) continue;
      if (region.kind() == Region::Kind::predicted && !wins(example, of_class, place)) continue;
      add_value(example, index_of(example, of_class, place));
      ++count;
    }
    if (count == 0)
      result_.warnings.push_back(region.kind() == Region::Kind::predicted
                                     ? "class " + std::to_string(of_class) + " is the best at no place of example " +
                                           std::to_string(example) + ": there is nothing to explain, and its maps are 0"
                                     : "the mask of example " + std::to_string(example) + " is empty: its maps are 0");
  }

  /// Null for other regions.
  const float* mask_of(const Region& region, const Shape& space, std::size_t example, std::size_t places) const {
    if (region.kind() != Region::Kind::mask) return nullptr;
    const picture::Array& mask = *region.mask();
    Shape of_each = space;
    of_each.insert(of_each.begin(), output_.examples);
    if (mask.shape != space && mask.shape != of_each)
      throw TargetError("a mask of " + shape_text(mask.shape) + " does not fit the output's space of " +
                        shape_text(space));
    return mask.values.data() + (mask.shape == space ? 0 : example * places);
  }

  std::size_t index_of(std::size_t example, std::size_t of_class, std::size_t place) const {
    return example * row_ + (place / behind_ * classes_ + of_class) * behind_ + place % behind_;
  }

  bool wins(std::size_t example, std::size_t of_class, std::size_t place) const {
    if (classes_ == 1)
      throw TargetError(
          "an output of one class has no best class: take the whole region, or a mask of where it is predicted");
    const double own = output_.values[index_of(example, of_class, place)];
    for (std::size_t other = 0; other < classes_; ++other) {
      const double value = output_.values[index_of(example, other, place)];
      if (value > own || (value == own && other < of_class) || std::isnan(value)) return false;
    }
    return true;
  }

  void add(const picture::Array& reference) {
    const bool one_for_all = reference.values.size() == row_;
    if (output_.shape.empty() || output_.shape[0] != output_.examples) throw wrong_rows(1);
    if (!one_for_all && reference.values.size() != output_.values.size())
      throw TargetError("a reference of " + std::to_string(reference.values.size()) +
                        " values is compared with an output of " + shape_text(output_.shape));
    for (std::size_t example = 0; example < rows(); ++example) {
      const double* values = output_.values.data() + example * row_;
      const float* other = reference.values.data() + (one_for_all ? 0 : example * row_);
      double product = 0, of_values = 0, of_other = 0;
      for (std::size_t i = 0; i < row_; ++i) {
        product += values[i] * other[i];
        of_values += values[i] * values[i];
        of_other += static_cast<double>(other[i]) * other[i];
      }
      if (of_values == 0 || of_other == 0)
        throw TargetError("the output or the reference of example " + std::to_string(example) +
                          " is 0, which is similar to nothing");
      const double lengths = std::sqrt(of_values) * std::sqrt(of_other), cosine = product / lengths;
      result_.scores[example] += coefficient_ * cosine;
      for (std::size_t i = 0; i < row_; ++i)
        result_.gradient[example * row_ + i] += coefficient_ * (other[i] / lengths - cosine * values[i] / of_values);
    }
  }

  void add(const Target::ValueFunction& function) {
    const Target::Value value =
        function({output_.shape, std::vector<float>(output_.values.begin(), output_.values.end())});
    if (value.scores.size() != rows() || value.gradient.values.size() != output_.values.size())
      throw TargetError("the target's function gave " + std::to_string(value.scores.size()) + " scores and " +
                        std::to_string(value.gradient.values.size()) + " values of a gradient for " +
                        std::to_string(output_.examples) + " examples and an output of " + shape_text(output_.shape));
    for (std::size_t i = 0; i < rows(); ++i) result_.scores[i] += coefficient_ * value.scores[i];
    for (std::size_t i = 0; i < output_.values.size(); ++i)
      result_.gradient[i] += coefficient_ * value.gradient.values[i];
  }

  const OutputValues& output_;
  std::size_t row_;  ///< values per example
  std::size_t classes_ = 1, behind_ = 1;
  double coefficient_ = 1;
  Objective result_;
};

}  // namespace

std::vector<std::int64_t> shape_with_examples(const std::vector<std::int64_t>& output_shape, std::int64_t examples) {
  const bool squeezed = examples == 1 && output_shape.size() == 1 && output_shape[0] > 1;
  return squeezed ? std::vector<std::int64_t>{1, output_shape[0]} : output_shape;
}

Objective objective(const std::vector<Target::Term>& terms, const OutputValues& output) {
  Sum sum(output);
  for (const Target::Term& term : terms) sum.add(term);
  return sum.take();
}

}  // namespace whycam::core
