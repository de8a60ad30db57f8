// Naming a layer of a network.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "whycam/errors.h"

namespace torch::nn {
class Module;
}

namespace whycam {

/// A layer: a module of the network, by its path ("layer4.1.conv2") or, for C++ networks, by reference. Where the
/// layer gives several tensors (a tuple, list or dictionary, counted in order and through nesting), the index says
/// which; without one the layer must give a single tensor. A null pointer is a LayerError.
///
/// A layer that runs several times stands for its last call; "body@0" is its first, "body@1" the next. "backbone:1" or
/// "backbone:out" is one of several tensors, by its index from 0 on or its name, and "body@0:1" both. A layer or tensor
/// of exactly the name that is given comes first.
class Layer {
 public:
  Layer(std::string path) : path_(std::move(path)) {}   // NOLINT: a path is a layer
  Layer(const char* path) : path_(path ? path : "") {}  // NOLINT
  Layer(std::string path, std::int64_t index) : path_(std::move(path)), index_(index) {}

  /// A module of a C++ network, by reference; it must belong to the network that is explained.
  Layer(const torch::nn::Module& module) : module_(&module) {}  // NOLINT
  Layer(const torch::nn::Module& module, std::int64_t index) : module_(&module), index_(index) {}

  /// A module held by a shared pointer or by a torch::nn::ModuleHolder, such as torch::nn::Conv2d.
  template <class Holder, class = decltype(std::declval<const Holder&>().operator->()),
            class = std::enable_if_t<!std::is_convertible_v<const Holder&, const torch::nn::Module&>>>
  Layer(const Holder& holder) : Layer(held(holder)) {}  // NOLINT
  template <class Holder, class = decltype(std::declval<const Holder&>().operator->()),
            class = std::enable_if_t<!std::is_convertible_v<const Holder&, const torch::nn::Module&>>>
  Layer(const Holder& holder, std::int64_t index) : Layer(held(holder), index) {}

  /// The path; empty for a layer given by reference.
  const std::string& path() const { return path_; }
  /// The module of a layer given by reference, else null.
  const torch::nn::Module* module() const { return module_; }
  /// Which of several tensors.
  std::optional<std::int64_t> index() const { return index_; }

  /// The same layer at one of its calls, counted from 0 in the order in which they run. Without, it is the last.
  Layer at_call(std::int64_t call) const {
    Layer layer = *this;
    layer.call_ = call;
    return layer;
  }
  std::optional<std::int64_t> call() const { return call_; }

  /// The same layer's tensor of that name: the key in a dictionary or the field of a named tuple.
  Layer at_tensor(std::string name) const {
    Layer layer = *this;
    layer.tensor_ = std::move(name);
    return layer;
  }
  const std::optional<std::string>& tensor() const { return tensor_; }

 private:
  template <class Holder>
  static auto is_null(const Holder& holder, int) -> decltype(holder.is_empty()) {
    return holder.is_empty();
  }
  template <class Holder>
  static bool is_null(const Holder& holder, long) {
    return !holder;
  }
  template <class Holder>
  static const torch::nn::Module& held(const Holder& holder) {
    if (is_null(holder, 0)) throw LayerError("the layer that was given is a null pointer or an empty module holder");
    return *holder.operator->();
  }

  std::string path_;
  const torch::nn::Module* module_ = nullptr;
  std::optional<std::int64_t> index_, call_;
  std::optional<std::string> tensor_;
};

}  // namespace whycam
