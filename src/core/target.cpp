#include "whycam/target.h"

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

}  // namespace

Target Target::per_example(std::vector<std::int64_t> indices) {
  PerExample choice{{}, true};
  for (const std::int64_t index : indices) choice.tuples.push_back({index});
  Target target;
  target.choice_ = std::move(choice);
  return target;
}

Target Target::at(Indices tuple) {
  Target target;
  target.choice_ = ForAll{std::move(tuple)};
  return target;
}

Target Target::per_example_at(std::vector<Indices> tuples) {
  Target target;
  target.choice_ = PerExample{std::move(tuples), false};
  return target;
}

std::string Target::to_string() const {
  if (const auto* all = std::get_if<ForAll>(&choice_)) return index_text(all->tuple);
  if (const auto* each = std::get_if<PerExample>(&choice_)) {
    std::string text;
    for (const Indices& tuple : each->tuples) text += (text.empty() ? "" : ", ") + index_text(tuple);
    return "[" + text + "]";
  }
  return "none";
}

std::vector<Target::Indices> Target::resolve(const std::vector<std::int64_t>& output_shape) const {
  if (output_shape.empty())
    throw TargetError("the output is a single number for the whole batch; it must have one row for each example");
  const auto examples = static_cast<std::size_t>(output_shape[0]);
  std::vector<Indices> resolved;
  if (const auto* each = std::get_if<PerExample>(&choice_)) {
    if (each->tuples.size() != examples)
      throw TargetError("the target has " + std::to_string(each->tuples.size()) + " entries for an output of " +
                        std::to_string(examples) + " examples");
    if (each->classes && output_shape.size() != 2)
      throw TargetError("a class per example needs an output of two dimensions; this one is " +
                        core::shape_text(output_shape) + "; use Target::per_example_at");
    for (const Indices& tuple : each->tuples) resolved.push_back(checked(tuple, output_shape));
    return resolved;
  }
  const auto* all = std::get_if<ForAll>(&choice_);
  const Indices indices = checked(all ? all->tuple : Indices{}, output_shape);
  return std::vector<Indices>(examples, indices);
}

}  // namespace whycam
