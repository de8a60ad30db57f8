#include "export/target_gradient.h"

#include <string>

#include "graph/maximum.h"
#include "whycam/errors.h"

namespace whycam::exporting {
namespace {

using graph::Function;
using graph::Graph;
using graph::Operator;
using graph::Shape;
using graph::Value;

/// 1 at one index along an axis, to be subtracted from what chooses another one; all other axes have the extent 1.
Value one_hot(Graph& graph, std::size_t dimensions, std::size_t axis, std::int64_t size, std::int64_t index) {
  if (index < 0 || index >= size)
    throw TargetError("there is no " + std::to_string(index) +
                      " to compare with: the explained output counts from 0 to " + std::to_string(size - 1));
  std::vector<float> numbers(static_cast<std::size_t>(size), 0.0F);
  numbers[static_cast<std::size_t>(index)] = 1;
  Shape shape(dimensions, 1);
  shape[axis] = size;
  return graph.add_constant(graph::constant_of(std::move(numbers)), shape, "versus");
}

/// 1 where a class has the best score of its place, the first of equal ones.
Value winners(Graph& graph, Value output, std::size_t axis) {
  if (graph.shape(output)[axis] == 1)
    throw TargetError("an output of one class has no best class: export it with the region all or mask");
  const Value largest = graph::maximum_along(graph, output, {static_cast<std::int64_t>(axis)}, graph::Ties::first);
  const Value ones = graph.expand(graph.scalar(1), graph.shape(largest));
  return graph::differentiate(graph, largest, ones, {output}, {})[0];
}

/// 1 where the mask is not 0.
Value marked(Graph& graph, const Shape& output, std::size_t axis) {
  Shape space = output;
  space.erase(space.begin() + static_cast<std::ptrdiff_t>(axis));
  Shape with_axis = output;
  with_axis[axis] = 1;
  const Value mask = graph.reshape(graph.add_input(mask_input, space), with_axis);
  return graph.unary(Function::linear, graph.unary(Function::heaviside, graph.unary(Function::absolute, mask)), 2, -1);
}

Value of_region(Graph& graph, Value output, const ExportedTarget& target, std::size_t axis) {
  const Shape shape = graph.shape(output);
  if (shape.size() < 3)
    throw TargetError("a region is for an output of N x classes x space; this one is " + graph::to_string(shape));
  const Value places = *target.region == Region::Kind::mask        ? marked(graph, shape, axis)
                       : *target.region == Region::Kind::predicted ? winners(graph, output, axis)
                                                                   : graph::no_value;
  Shape of_classes(shape.size(), 1);
  of_classes[0] = shape[0];
  of_classes[axis] = shape[axis];
  Value classes = graph.reshape(graph.add_input(chosen_input, {shape[0], shape[axis]}), of_classes);
  if (target.versus)
    classes =
        graph.binary(Operator::subtract, classes, one_hot(graph, shape.size(), axis, shape[axis], *target.versus));
  return places == graph::no_value ? graph.expand(classes, shape) : graph.binary(Operator::multiply, classes, places);
}

Value of_element(Graph& graph, Value output, const ExportedTarget& target) {
  const Shape shape = graph.shape(output);
  const Value chosen = graph.add_input(chosen_input, shape);
  if (!target.versus) return chosen;
  const std::int64_t elements = graph::element_count(shape) / shape.at(0);
  const Value difference = graph.binary(Operator::subtract, graph.reshape(chosen, {shape[0], elements}),
                                        one_hot(graph, 2, 1, elements, *target.versus));
  return graph.reshape(difference, shape);
}

}  // namespace

graph::Seed target_gradient(const ExportedTarget& target, std::size_t class_axis) {
  return [=](Graph& graph, Value output) {
    const Value gradient =
        target.region ? of_region(graph, output, target, class_axis) : of_element(graph, output, target);
    return target.against ? graph.unary(Function::linear, gradient, -1) : gradient;
  };
}

Target target_of(const ExportedTarget& target, const std::vector<std::int64_t>& chosen, const picture::Array& mask) {
  Target result = Target::per_example(chosen);
  if (target.versus) result = result.minus(*target.versus);
  if (target.region)
    result = result.over(*target.region == Region::Kind::mask        ? Region::mask(mask)
                         : *target.region == Region::Kind::predicted ? Region::predicted()
                                                                     : Region::all());
  return target.against ? result.negated() : result;
}

}  // namespace whycam::exporting
