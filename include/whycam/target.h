// Which number of a network's output is explained.
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "whycam/api.h"

namespace at {
class Tensor;  // which torch::Tensor is another name of
}

namespace whycam {

/// Chooses one number of the output for every example, as the `target` of Captum's attribute(). The output has the
/// examples in its first dimension; the target gives an index for each of the others. Indices count from 0;
/// negative ones are refused. A Target is a value: copy it, use it from any thread.
class WHYCAM_API Target {
 public:
  using Indices = std::vector<std::int64_t>;

  /// No index: the output is one number per example already (N, or N x 1 x ...).
  Target() = default;

  /// The same class for every example of an N x classes output.
  template <class Integer, class = std::enable_if_t<std::is_integral_v<Integer> && !std::is_same_v<Integer, bool>>>
  Target(Integer index) : choice_(ForAll{{static_cast<std::int64_t>(index)}}) {}  // NOLINT: the commonest target

  /// An integer tensor (with libtorch alone): with one element, the class of every example; with N elements in one
  /// dimension, a class per example.
  Target(const at::Tensor& indices);  // NOLINT: as in Captum

  /// A class per example of an N x classes output.
  static Target per_example(std::vector<std::int64_t> indices);

  /// One index tuple for all examples, for outputs of more than two dimensions: at({channel, row, column}).
  static Target at(Indices tuple);

  /// An index tuple per example.
  static Target per_example_at(std::vector<Indices> tuples);

  /// A readable form: "3", "[3, 5]", "(1, 2)", "none".
  std::string to_string() const;

  /// The full indices behind the example's number, one row an example, for this output. Throws TargetError where
  /// the target does not choose exactly one number per example.
  std::vector<Indices> resolve(const std::vector<std::int64_t>& output_shape) const;
  /// The same for a tensor's sizes().
  template <class Sizes, class = decltype(std::declval<const Sizes&>().vec())>
  std::vector<Indices> resolve(const Sizes& output_shape) const {
    return resolve(output_shape.vec());
  }

 private:
  struct ForAll {
    Indices tuple;
  };
  struct PerExample {
    std::vector<Indices> tuples;
    bool classes;  // a plain index per example, which fits outputs of two dimensions alone
  };
  std::variant<std::monostate, ForAll, PerExample> choice_;
};

}  // namespace whycam
