#include "whycam/target.h"

#include <cmath>

#include "core/shape_text.h"
#include "whycam/errors.h"

namespace whycam {
namespace {

std::string tuple_text(const Target::Indices& tuple) {
  std::string text;
  for (const std::int64_t index : tuple) text += (text.empty() ? "" : ", ") + std::to_string(index);
  return "(" + text + ")";
}

std::string index_text(const Target::Indices& tuple) {
  return tuple.size() == 1 ? std::to_string(tuple[0]) : tuple_text(tuple);
}

/// The full indices of one example: the tuple, and 0 for further dimensions of extent 1.
Target::Indices checked(const Target::Indices& tuple, const std::vector<std::int64_t>& output_shape) {
  const std::vector<std::int64_t> shape(output_shape.begin() + 1, output_shape.end());
  const std::string output = "the output of " + core::shape_text(output_shape);
  if (tuple.size() > shape.size())
    throw TargetError("the target " + index_text(tuple) + " has " + std::to_string(tuple.size()) + " indices, but " +
                      output + " takes " + std::to_string(shape.size()) + " for an example");
  Target::Indices full = tuple;
  for (std::size_t i = 0; i < tuple.size(); ++i)
    if (tuple[i] < 0 || tuple[i] >= shape[i])
      throw TargetError("the target " + index_text(tuple) + " is outside " + output + ": index " +
                        std::to_string(tuple[i]) + " must be from 0 to " + std::to_string(shape[i] - 1));
  for (std::size_t i = tuple.size(); i < shape.size(); ++i) {
    if (shape[i] != 1)
      throw TargetError((tuple.empty() ? "a target is missing" : "the target " + index_text(tuple) + " is incomplete") +
                        ": " + output + " has several numbers for each example; give an index for each of its " +
                        std::to_string(shape.size()) + " dimensions behind the first");
    full.push_back(0);
  }
  return full;
}

std::string choice_text(const Target::Choice& choice) {
  if (const auto* all = std::get_if<Target::ForAll>(&choice)) return index_text(all->tuple);
  if (const auto* each = std::get_if<Target::PerExample>(&choice)) {
    std::string text;
    for (const Target::Indices& tuple : each->tuples) text += (text.empty() ? "" : ", ") + index_text(tuple);
    return "[" + text + "]";
  }
  if (std::holds_alternative<Target::Similarity>(choice)) return "similarity";
  return std::holds_alternative<std::monostate>(choice) ? "none" : "function";
}

}  // namespace

Target Target::per_example(std::vector<std::int64_t> indices) {
  PerExample choice{{}, true};
  for (const std::int64_t index : indices) choice.tuples.push_back({index});
  return Target(Choice(std::move(choice)));
}

Target Target::at(Indices tuple) { return Target(Choice(ForAll{std::move(tuple)})); }

Target Target::per_example_at(std::vector<Indices> tuples) {
  return Target(Choice(PerExample{std::move(tuples), false}));
}

Target Target::similarity(picture::Array reference) {
  double length = 0;
  for (const float value : reference.values) length += static_cast<double>(value) * value;
  if (!(length > 0 && std::isfinite(length)))
    throw InputError("a reference of " + std::to_string(reference.values.size()) + " values and the length " +
                     std::to_string(std::sqrt(length)) + " has no direction to compare with");
  return Target(Choice(Similarity{std::make_shared<const picture::Array>(std::move(reference))}));
}

Target Target::over(Region region) const {
  Target result = *this;
  for (Term& term : result.terms_) {
    if (std::holds_alternative<Similarity>(term.choice) || choice_text(term.choice) == "function")
      throw TargetError("a region is for a class's scores; this target is a " + choice_text(term.choice));
    term.region = region;
  }
  return result;
}

Target Target::negated() const {
  Target result = *this;
  for (Term& term : result.terms_) term.coefficient = -term.coefficient;
  return result;
}

Target Target::minus(const Target& other) const {
  Target result = *this;
  for (const Term& term : other.negated().terms_) result.terms_.push_back(term);
  return result;
}

std::string Target::to_string() const {
  std::string text;
  for (const Term& term : terms_) {
    if (term.coefficient < 0) text += text.empty() ? "-" : " - ";
    if (term.coefficient > 0 && !text.empty()) text += " + ";
    text += choice_text(term.choice);
    if (term.region) text += " over " + term.region->to_string();
  }
  return text;
}

Region Region::mask(picture::Array mask) {
  if (mask.values.empty() || !picture::is_consistent(mask))
    throw InputError("a mask has " + std::to_string(mask.values.size()) + " values for a shape of " +
                     core::shape_text(mask.shape));
  for (const float value : mask.values)
    if (std::isnan(value)) throw InputError("a mask holds NaN; 0 stands for outside, other numbers for inside");
  return Region(Kind::mask, std::make_shared<const picture::Array>(std::move(mask)));
}

std::string Region::to_string() const {
  return kind_ == Kind::all ? "all" : kind_ == Kind::predicted ? "predicted" : "mask";
}

std::vector<Target::Indices> Target::resolve(const std::vector<std::int64_t>& output_shape) const {
  if (output_shape.empty())
    throw TargetError("the output is a single number for the whole batch; it must have one row for each example");
  const auto examples = static_cast<std::size_t>(output_shape[0]);
  std::vector<Indices> resolved;
  const Term& term = terms_[0];
  const bool is_index = term.choice.index() <= 2 && !term.region && terms_.size() == 1;
  if (!is_index) throw TargetError("the target " + to_string() + " is more than one number of the output");
  if (const auto* each = std::get_if<PerExample>(&term.choice)) {
    if (each->tuples.size() != examples)
      throw TargetError("the target has " + std::to_string(each->tuples.size()) + " entries for an output of " +
                        std::to_string(examples) + " examples");
    if (each->classes && output_shape.size() != 2)
      throw TargetError("a class per example needs an output of two dimensions; this one is " +
                        core::shape_text(output_shape) + "; use Target::per_example_at");
    for (const Indices& tuple : each->tuples) resolved.push_back(checked(tuple, output_shape));
    return resolved;
  }
  const auto* all = std::get_if<ForAll>(&term.choice);
  const Indices indices = checked(all ? all->tuple : Indices{}, output_shape);
  return std::vector<Indices>(examples, indices);
}

}  // namespace whycam
