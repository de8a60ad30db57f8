// What operators are told beside their inputs: a struct for each kind, which operators.def ties to the operators. What
// is printed and compared of one is what its `fields` names.
#pragma once

#include <tuple>
#include <variant>

#include "graph/functions.h"
#include "graph/shape.h"

namespace whycam::graph {

template <class T>
struct Field {
  Field(const char* of, const T& is) : name(of), value(is) {}
  const char* name;
  const T& value;
  bool operator==(const Field& other) const { return value == other.value; }
};

struct NoAttributes {
  auto fields() const { return std::make_tuple(); }
};

/// The result's shape, where the inputs do not tell it.
struct ShapeAttributes {
  Shape shape;
  auto fields() const { return std::make_tuple(Field("shape", shape)); }
};

struct FunctionAttributes {
  Function function = Function::relu;
  double alpha = 0, beta = 0;  ///< its parameters, a and b in functions.def
  auto fields() const {
    return std::make_tuple(Field("function", function), Field("alpha", alpha), Field("beta", beta));
  }
};

/// One number for each spatial dimension.
struct WindowAttributes {
  Integers strides, dilation, padding_begin, padding_end;
  auto fields() const {
    return std::make_tuple(Field("strides", strides), Field("dilation", dilation),
                           Field("padding_begin", padding_begin), Field("padding_end", padding_end));
  }
};

struct ConvolutionAttributes : WindowAttributes {
  std::int64_t groups = 1;
  auto fields() const { return std::tuple_cat(WindowAttributes::fields(), std::make_tuple(Field("groups", groups))); }
};

struct ConvolutionTransposeAttributes : ConvolutionAttributes, ShapeAttributes {
  auto fields() const { return std::tuple_cat(ConvolutionAttributes::fields(), ShapeAttributes::fields()); }
};

struct PoolingAttributes : WindowAttributes, ShapeAttributes {
  Integers kernel;
  auto fields() const {
    return std::tuple_cat(std::make_tuple(Field("kernel", kernel)), WindowAttributes::fields(),
                          ShapeAttributes::fields());
  }
};

struct AveragePoolAttributes : PoolingAttributes {
  bool count_padding = true;  ///< padding belongs to the mean
  auto fields() const {
    return std::tuple_cat(PoolingAttributes::fields(), std::make_tuple(Field("count_padding", count_padding)));
  }
};

struct MatmulAttributes {
  bool transpose_a = false, transpose_b = false;
  auto fields() const { return std::make_tuple(Field("transpose_a", transpose_a), Field("transpose_b", transpose_b)); }
};

struct AxesAttributes {
  Integers axes;
  auto fields() const { return std::make_tuple(Field("axes", axes)); }
};

struct NormalizeAttributes : AxesAttributes {
  double epsilon = 0;  ///< is added to the variance
  auto fields() const { return std::tuple_cat(AxesAttributes::fields(), std::make_tuple(Field("epsilon", epsilon))); }
};

struct TransposeAttributes {
  Integers permutation;
  auto fields() const { return std::make_tuple(Field("permutation", permutation)); }
};

/// One number for each dimension.
struct SliceAttributes : ShapeAttributes {
  Integers begin, step;
  auto fields() const {
    return std::tuple_cat(std::make_tuple(Field("begin", begin), Field("step", step)), ShapeAttributes::fields());
  }
};

struct EmbedAttributes : SliceAttributes {
  double fill = 0;
  auto fields() const { return std::tuple_cat(SliceAttributes::fields(), std::make_tuple(Field("fill", fill))); }
};

struct ConcatAttributes {
  std::int64_t axis = 0;
  auto fields() const { return std::make_tuple(Field("axis", axis)); }
};

/// The window that pools x to y in parts of one size, which the extents of y must divide those of x into.
PoolingAttributes window_of_parts(const Shape& x, const Shape& y);
/// The window that covers all of the space.
PoolingAttributes window_of_all(const Shape& x);

/// What fusion adds to a node: what comes out is cut off below 0, and above a limit.
struct Fused {
  bool relu = false;
  double limit = 0;  ///< 0: without a limit
  auto fields() const { return std::make_tuple(Field("relu", relu), Field("limit", limit)); }
};

template <class A>
auto operator==(const A& a, const A& b) -> decltype(a.fields() == b.fields()) {
  return a.fields() == b.fields();
}

using Attributes = std::variant<NoAttributes, ShapeAttributes, FunctionAttributes, ConvolutionAttributes,
                                ConvolutionTransposeAttributes, PoolingAttributes, AveragePoolAttributes,
                                MatmulAttributes, AxesAttributes, NormalizeAttributes, TransposeAttributes,
                                SliceAttributes, EmbedAttributes, ConcatAttributes>;

}  // namespace whycam::graph
