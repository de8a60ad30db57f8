
#include "methods/method.h"
#include "whycam/errors.h"

namespace whycam {
namespace methods {

const Definition& definition(Method method) {
  switch (method) {
#define WHYCAM_METHOD(name) \
  case Method::name:        \
    return name;
#include "whycam/methods.def"
#undef WHYCAM_METHOD
  }
  throw InputError("no method has the number " + std::to_string(static_cast<int>(method)));
}

const char* identifier(Method method) {
  switch (method) {
#define WHYCAM_METHOD(name) \
  case Method::name:        \
    return #name;
#include "whycam/methods.def"
#undef WHYCAM_METHOD
  }
  return "unknown";
}

}  // namespace methods

const std::vector<Method>& all_methods() {
  static const std::vector<Method> all{
#define WHYCAM_METHOD(name) Method::name,
#include "whycam/methods.def"
#undef WHYCAM_METHOD
  };
  return all;
}

const std::vector<Method>& default_methods() {
  static const std::vector<Method> methods{Method::grad_cam, Method::guided_backprop, Method::guided_grad_cam};
  return methods;
}

const char* to_string(Method method) { return methods::definition(method).name; }
const char* title(Method method) { return methods::definition(method).title; }

Method method_named(const std::string& name) {
  std::string names;
  for (const Method method : all_methods()) {
    if (name == to_string(method)) return method;
    names += (names.empty() ? "" : ", ") + std::string(to_string(method));
  }
  throw InputError("there is no method \"" + name + "\"; the methods are " + names);
}

bool is_heat_map(Method method) { return std::holds_alternative<methods::HeatMap>(methods::definition(method).kind); }
bool needs_layer(Method method) {
  const auto& kind = methods::definition(method).kind;
  return std::holds_alternative<methods::HeatMap>(kind) || std::holds_alternative<methods::Product>(kind);
}

}  // namespace whycam
