// Which number of a network's output is explained.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "whycam/api.h"
#include "whycam/picture/array.h"
#include "whycam/region.h"

namespace at {
class Tensor;  // which torch::Tensor is another name of
}

namespace whycam {

/// A function of tensors (whycam/tensor_target.h).
struct TensorFunction;

/// What is explained of an output: one number for every example. The simplest is one of its numbers, as the `target` of
/// Captum's attribute(): the output has the examples in its first dimension, and the target gives an index for each of
/// the others. Indices count from 0; negative ones are refused. A Target is a value: copy it, use it from any thread.
class WHYCAM_API Target {
 public:
  using Indices = std::vector<std::int64_t>;

  /// No index: the output is one number per example already (N, or N x 1 x ...).
  Target() = default;

  /// The same class for every example of an N x classes output.
  template <class Integer, class = std::enable_if_t<std::is_integral_v<Integer> && !std::is_same_v<Integer, bool>>>
  Target(Integer index) : Target(at({static_cast<std::int64_t>(index)})) {}  // NOLINT: the commonest target

  /// An integer tensor (with libtorch alone): with one element, the class of every example; with N elements in one
  /// dimension, a class per example.
  Target(const at::Tensor& indices);  // NOLINT: as in Captum

  /// A class per example of an N x classes output.
  static Target per_example(std::vector<std::int64_t> indices);

  /// One index tuple for all examples, for outputs of more than two dimensions: at({channel, row, column}).
  static Target at(Indices tuple);

  /// An index tuple per example.
  static Target per_example_at(std::vector<Indices> tuples);

  /// The cosine similarity of each example's output with a reference, for networks that give embeddings: one for all
  /// examples, with as many values as an example's output, or one per example. Throws InputError for a reference
  /// without values, with NaN or infinity, or of length 0.
  static Target similarity(picture::Array reference);

  /// What a function says of an output: a number for each example, and the gradient of their sum with respect to the
  /// output, of the output's shape.
  struct Value {
    std::vector<float> scores;
    picture::Array gradient;
  };

  /// A function of the output: `Value(const picture::Array& output)` or, where whycam/torch.h is included,
  /// `torch::Tensor(const torch::Tensor& output)`, which gives N numbers and is differentiated by autograd. It is
  /// called from the thread that explains; what it throws arrives. TargetError where it does not give what it is to.
  template <class Function, class = std::enable_if_t<std::is_invocable_r_v<Value, Function, const picture::Array&>>>
  static Target of(Function function) {
    return of_values(std::move(function));
  }
  template <class Function, class = std::enable_if_t<!std::is_invocable_v<Function, const picture::Array&>>,
            class = void>
  static Target of(Function function);  // in whycam/tensor_target.h

  /// For an output N x classes x space: this target's class, its scores summed over a region. Throws TargetError for a
  /// target that is more than an index.
  Target over(Region region) const;

  /// What speaks against it: the same number with the other sign.
  Target negated() const;

  /// What speaks for it and not for the other: the difference of the two.
  Target minus(const Target& other) const;

  /// A readable form: "3", "[3, 5]", "(1, 2)", "none", "3 over predicted", "-3", "3 - 5".
  std::string to_string() const;

  /// The full indices behind the example's number, one row an example, for this output. Throws TargetError where
  /// the target does not choose exactly one number per example.
  std::vector<Indices> resolve(const std::vector<std::int64_t>& output_shape) const;
  /// The same for a tensor's sizes().
  template <class Sizes, class = decltype(std::declval<const Sizes&>().vec())>
  std::vector<Indices> resolve(const Sizes& output_shape) const {
    return resolve(output_shape.vec());
  }

  struct ForAll {
    Indices tuple;
  };
  struct PerExample {
    std::vector<Indices> tuples;
    bool classes;  ///< a plain index per example, which fits outputs of two dimensions alone
  };
  struct Similarity {
    std::shared_ptr<const picture::Array> reference;
  };
  using ValueFunction = std::function<Value(const picture::Array&)>;
  using Choice = std::variant<std::monostate, ForAll, PerExample, Similarity, ValueFunction,
                              std::shared_ptr<const TensorFunction>>;
  /// A target is the sum of its terms.
  struct Term {
    double coefficient = 1;
    Choice choice;
    std::optional<Region> region;
  };
  /// For the inside of whycam.
  const std::vector<Term>& terms() const { return terms_; }
  explicit Target(Choice choice) : terms_{{1, std::move(choice), std::nullopt}} {}

 private:
  static Target of_values(ValueFunction function) { return Target(Choice(std::move(function))); }

  std::vector<Term> terms_ = std::vector<Term>(1);
};

}  // namespace whycam
