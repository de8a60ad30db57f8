// C++ networks as models: modules with a forward(), and plain functions.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "whycam/api.h"
#include "whycam/errors.h"
#include "whycam/model.h"
#include "whycam/torch_tensor.h"

// Their headers take long to compile, and whoever has a module has them.
namespace torch::nn {
class Module;
class SequentialImpl;
}  // namespace torch::nn

namespace whycam {
namespace network {

/// Calls a network's forward with a module (the network or a replica of it), its inputs, and the arguments behind them.
using Forward = std::function<c10::IValue(torch::nn::Module*, const std::vector<c10::IValue>& arguments)>;

/// A module's network. Throws ModelError where it is null, as sequential_network does.
WHYCAM_API std::shared_ptr<const Network> module_network(std::shared_ptr<torch::nn::Module> module, Forward forward);
/// A plain function's.
WHYCAM_API std::shared_ptr<const Network> function_network(Forward forward);
/// torch::nn::Sequential runs child by child, so that each child can be observed.
WHYCAM_API std::shared_ptr<const Network> sequential_network(std::shared_ptr<torch::nn::SequentialImpl> module);

/// How an argument is kept until the call.
template <class Argument>
using Kept = std::remove_cv_t<std::remove_reference_t<Argument>>;

/// libtorch's optional of T: of c10 or of std, as its version is.
template <class T>
using Optional = decltype(std::declval<c10::IValue&>().toOptional<T>());

template <class T, class = void>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<T, std::void_t<typename T::value_type>> : std::is_same<T, Optional<typename T::value_type>> {};

template <class T>
struct FromIValue {
  static T get(const c10::IValue& value) {
    if constexpr (IsOptional<T>::value)
      return value.isNone() ? T() : T(FromIValue<typename T::value_type>::get(value));
    else if constexpr (std::is_same_v<T, bool>)
      return value.toBool();
    else if constexpr (std::is_integral_v<T>)
      return static_cast<T>(value.toInt());
    else if constexpr (std::is_floating_point_v<T>)
      return static_cast<T>(value.isInt() ? static_cast<double>(value.toInt()) : value.toDouble());
    else
      return value.to<T>();
  }
};
template <>
struct FromIValue<c10::IValue> {
  static c10::IValue get(const c10::IValue& value) { return value; }
};

/// Argument number `index` of `count`, of which `given` were given.
template <class T>
T argument(const c10::IValue& value, std::size_t index, std::size_t given, std::size_t count) {
  try {
    return FromIValue<T>::get(value);
  } catch (const std::exception&) {
    if (index >= given)
      throw ModelError("the network's forward takes " + std::to_string(count) + " arguments and " +
                       std::to_string(given) +
                       " were given (defaults of C++ cannot be seen); give the others by additional_forward_args");
    throw ModelError("argument " + std::to_string(index) +
                     " of the network's forward, counted from 0, cannot be made of the " + value.tagKind() +
                     " that was given");
  }
}

template <class... Arguments, class Function, std::size_t... I>
c10::IValue call(Function& function, std::vector<c10::IValue> values, std::index_sequence<I...>) {
  constexpr std::size_t count = sizeof...(Arguments);
  if (values.size() > count)
    throw ModelError("the network's forward takes " + std::to_string(count) + " arguments; " +
                     std::to_string(values.size()) + " inputs and additional arguments were given");
  const std::size_t given = values.size();
  values.resize(count);  // what is missing is none, which fits optional arguments alone
  std::tuple<Kept<Arguments>...> arguments(argument<Kept<Arguments>>(values[I], I, given, count)...);
  return c10::IValue(function(static_cast<Arguments&&>(std::get<I>(arguments))...));
}

template <class... Arguments>
struct BehindNetwork;  // of a function without arguments there is none

/// Calls a function whose first argument is a network, with values behind it.
template <class First, class... Rest>
struct BehindNetwork<First, Rest...> {
  template <class Function, class Net>
  static c10::IValue call_with(Function& function, Net& net, const std::vector<c10::IValue>& values) {
    auto behind = [&](Rest... rest) { return function(net, static_cast<Rest&&>(rest)...); };
    return call<Rest...>(behind, values, std::index_sequence_for<Rest...>());
  }
};

/// The arguments of a callable.
template <class Callable, class = void>
struct Signature {
  static_assert(
      !std::is_class_v<Callable>,
      "whycam cannot see which arguments this callable takes: its call is a template or overloaded. Wrap it in a "
      "lambda that names them, as in [net](torch::Tensor x) { return net->forward(x); }");
};
template <class Callable>
struct Signature<Callable, std::void_t<decltype(&Callable::operator())>> : Signature<decltype(&Callable::operator())> {
};
template <class Result, class... Arguments>
struct Signature<Result (*)(Arguments...)> {
  template <class Function>
  static c10::IValue call_with(Function&& function, const std::vector<c10::IValue>& values) {
    return call<Arguments...>(function, values, std::index_sequence_for<Arguments...>());
  }
  template <class Function, class Net>
  static c10::IValue call_on(Function& function, Net& net, const std::vector<c10::IValue>& values) {
    return BehindNetwork<Arguments...>::call_with(function, net, values);
  }
};
template <class Class, class Result, class... Arguments>
struct Signature<Result (Class::*)(Arguments...)> : Signature<Result (*)(Arguments...)> {};
template <class Class, class Result, class... Arguments>
struct Signature<Result (Class::*)(Arguments...) const> : Signature<Result (*)(Arguments...)> {};
template <class Result, class... Arguments>
struct Signature<Result (*)(Arguments...) noexcept> : Signature<Result (*)(Arguments...)> {};
template <class Class, class Result, class... Arguments>
struct Signature<Result (Class::*)(Arguments...) noexcept> : Signature<Result (*)(Arguments...)> {};
template <class Class, class Result, class... Arguments>
struct Signature<Result (Class::*)(Arguments...) const noexcept> : Signature<Result (*)(Arguments...)> {};

/// Whether a module has one forward() whose arguments can be seen.
template <class Net, class = void>
struct HasOneForward : std::false_type {};
template <class Net>
struct HasOneForward<Net, std::void_t<decltype(&Net::forward)>> : std::true_type {};

/// The module as what it is. A template of both, so that Module is complete where it is used.
template <class Net, class Module>
Net& as(Module& module) {
  return dynamic_cast<Net&>(module);
}

template <class Net>
std::shared_ptr<const Network> network_of(const std::shared_ptr<Net>& net) {
  if constexpr (std::is_same_v<Net, torch::nn::SequentialImpl>) {
    return sequential_network(net);
  } else {
    static_assert(
        HasOneForward<Net>::value,
        "whycam needs a module with one forward(): this one has none, an overloaded one or a template (as a class "
        "derived from torch::nn::Sequential has). Give a function instead, as in "
        "whycam::Model::of([net](torch::Tensor x) { return net->forward(x); })");
    return module_network(net, [](torch::nn::Module* module, const std::vector<c10::IValue>& arguments) {
      Net& network = as<Net>(*module);
      return Signature<decltype(&Net::forward)>::call_with(
          [&network](auto&&... values) { return network.forward(std::forward<decltype(values)>(values)...); },
          arguments);
    });
  }
}

}  // namespace network

template <class Net, class>
Model::Model(const std::shared_ptr<Net>& net) : network_(network::network_of(net)) {}

template <class Holder, class>
Model::Model(const Holder& holder) : Model(holder.is_empty() ? nullptr : holder.ptr()) {}

template <class Function>
Model Model::of(Function function) {
  return Model(network::function_network([function = std::make_shared<Function>(std::move(function))](
                                             torch::nn::Module*, const std::vector<c10::IValue>& arguments) {
    return network::Signature<Function>::call_with(*function, arguments);
  }));
}

template <class Function, class Net>
Model Model::of(Function function, const std::shared_ptr<Net>& network) {
  return Model(
      network::module_network(network, [function = std::make_shared<Function>(std::move(function))](
                                           torch::nn::Module* module, const std::vector<c10::IValue>& arguments) {
        return network::Signature<Function>::call_on(*function, network::as<Net>(*module), arguments);
      }));
}

template <class Function, class Holder, class>
Model Model::of(Function function, const Holder& holder) {
  return of(std::move(function), holder.is_empty() ? nullptr : holder.ptr());
}

}  // namespace whycam
