// One call of one of libtorch's operators, whatever kind of file it stands in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/cannot_compile.h"
#include "graph/graph.h"

namespace whycam::aten {

using core::CannotCompile;

/// Types of numbers.
enum class Type { boolean, uint8, int8, int16, int32, int64, float16, bfloat16, float32, float64, other };

inline bool is_float(Type type) { return type >= Type::float16 && type <= Type::float64; }

/// A tensor, by the number under which the format's Tensors know it.
struct Tensor {
  std::size_t id = 0;
  graph::Shape shape;
  Type type = Type::float32;
};

enum class MemoryFormat { contiguous, preserve, other };

struct Device {
  bool is_cpu = true;
};

struct Argument;
using Arguments = std::vector<Argument>;

/// An argument of an operator; without a value where it is None, or left out.
struct Argument {
  std::variant<std::monostate, Tensor, bool, std::int64_t, double, std::string, Type, MemoryFormat, Device, Arguments>
      value;

  bool given() const { return value.index() != 0; }
  template <class T>
  bool is() const {
    return std::holds_alternative<T>(value);
  }
};

/// How the elements of a tensor lie in memory, as far as is known: contiguous() copies where they are not in row-major
/// order.
enum class Order {
  row_major,
  gaps,   ///< row by row, perhaps with gaps between: a part of a tensor. What is computed from it is row-major again
  other,  ///< certainly not in row-major order
  unknown,
};

/// The tensors of a network while it is lowered, as its format keeps them.
class Tensors {
 public:
  explicit Tensors(graph::Graph& of) : graph(of) {}
  virtual ~Tensors() = default;

  graph::Graph& graph;

  /// Its value in the graph; a constant is made of one that does not depend on the inputs. Throws CannotCompile.
  virtual graph::Value value(const Tensor& tensor) = 0;
  virtual bool depends_on_inputs(const Tensor& tensor) const = 0;
  /// The numbers of one that does not depend on the inputs, in row-major order.
  virtual std::vector<double> numbers(const Tensor& tensor) = 0;
  /// The path of the module that a weight belongs to, or nothing.
  virtual std::string module_of(const Tensor& tensor) const = 0;
  virtual Order order(const Tensor& tensor) const = 0;
  /// Whether all floating-point numbers are computed with in one precision, whatever the network says.
  virtual bool floats_are_one_type() const { return false; }
};

/// Which part of a tensor a view is: so many places from `begin` on along an axis, which the view may lack where it is
/// one.
struct Part {
  std::size_t axis = 0;
  std::int64_t begin = 0;
};

/// What a rule makes of a call.
struct Result {
  enum class Kind {
    computed,   ///< a new tensor
    row_major,  ///< a new tensor whose elements lie in row-major order
    perhaps,    ///< a copy of argument 0 in row-major order, or argument 0 itself (perhaps_copies.h)
    view,       ///< one that shares the memory of argument 0, which operations in place on either must not separate
    unchanged,  ///< argument 0 itself
  };
  Kind kind = Kind::computed;
  graph::Value value = graph::no_value;
  std::optional<Part> part = {};  ///< of argument 0, where the view is one that may be written in place
  bool is_condition = false;      ///< of true and false: 1 and 0
};

class Call {
 public:
  Call(Tensors& tensors, Arguments arguments);

  graph::Graph& graph;
  std::string name;  ///< of the module whose weight is among the arguments

  std::size_t count() const { return arguments_.size(); }
  const Argument& operator[](std::size_t i) const;
  bool given(std::size_t i) const { return (*this)[i].given(); }
  template <class T>
  bool is(std::size_t i) const {
    return (*this)[i].is<T>();
  }

  /// A tensor, or a number as one of no dimensions.
  graph::Value tensor(std::size_t i = 0);
  std::vector<graph::Value> tensors(std::size_t i = 0);
  const graph::Shape& shape(std::size_t i = 0) const { return tensor_argument(i).shape; }
  Type type(std::size_t i = 0) const { return tensor_argument(i).type; }
  std::int64_t dimensions(std::size_t i = 0) const { return static_cast<std::int64_t>(shape(i).size()); }
  bool is_same_tensor(std::size_t i, std::size_t j) const { return tensor_argument(i).id == tensor_argument(j).id; }
  bool depends_on_inputs(std::size_t i) const { return tensors_.depends_on_inputs(tensor_argument(i)); }
  Order order(std::size_t i = 0) const { return tensors_.order(tensor_argument(i)); }
  bool floats_are_one_type() const { return tensors_.floats_are_one_type(); }
  /// The numbers of a tensor that does not depend on the inputs.
  std::vector<double> numbers_of(std::size_t i) const;
  double number(std::size_t i, double otherwise = 0) const;
  std::vector<double> numbers(std::size_t i) const;
  /// A size, place or axis. Throws std::invalid_argument where it is beyond graph::largest_extent.
  std::int64_t integer(std::size_t i, std::int64_t otherwise = 0) const;
  /// A slice's bound or step: what is beyond that is cut off.
  std::int64_t bound(std::size_t i, std::int64_t otherwise) const;
  bool boolean(std::size_t i, bool otherwise = false) const;
  /// A list of integers, one repeated to `count` where only one is given.
  graph::Integers integers(std::size_t i, std::size_t count = 0) const;
  const Arguments& list(std::size_t i) const;
  /// A call whose argument 0 is an element of list i.
  Call element(std::size_t i, std::size_t of) const { return Call(tensors_, {list(i).at(of)}); }
  std::string text(std::size_t i, const std::string& otherwise = {}) const;
  /// A dimension counted from the end where it is negative. Throws std::invalid_argument where it is none.
  std::int64_t axis(std::int64_t given, std::int64_t dimensions) const;

  /// What the call gives.
  void give(graph::Value value);
  void give_view(graph::Value value, std::optional<Part> part = {});
  void give_condition(graph::Value value);
  /// Several new tensors, which are no list.
  void give_several(const std::vector<graph::Value>& values);
  /// A list of tensors.
  void give_views(const std::vector<graph::Value>& values);
  /// An activation's value, by the name that a report calls it.
  void give_activation(graph::Value value, const std::string& report_name);
  /// Argument 0 itself.
  void give_unchanged() { results_ = {{Result::Kind::unchanged, graph::no_value}}; }
  /// What contiguous() gives: argument 0 itself or a copy.
  void give_contiguous();
  /// How the result's elements lie, where the call changes it.
  void reorders(Order becomes) { becomes_ = becomes; }

  [[noreturn]] void refuse(const std::string& why) const { throw CannotCompile(why); }

  const std::vector<Result>& results() const { return results_; }
  bool gives_list() const { return gives_list_; }
  Order becomes() const { return becomes_; }

 private:
  const Tensor& tensor_argument(std::size_t i) const;
  std::int64_t whole_number(const Argument& argument) const;
  double real_number(const Argument& argument) const;

  Arguments arguments_;
  Order becomes_ = Order::row_major;
  std::vector<Result> results_;
  bool gives_list_ = false;
  Tensors& tensors_;
};

}  // namespace whycam::aten
