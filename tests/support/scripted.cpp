#include "support/scripted.h"

namespace whycam::test {

torch::jit::Module scripted(const std::string& source,
                            const std::vector<std::pair<std::string, torch::Tensor>>& parameters,
                            const std::vector<std::pair<std::string, torch::jit::Module>>& submodules) {
  static int count = 0;
  torch::jit::Module module("__torch__.scripted" + std::to_string(count++));
  for (const auto& [name, parameter] : parameters) module.register_parameter(name, parameter, false);
  for (const auto& [name, submodule] : submodules) module.register_module(name, submodule);
  module.define(source);
  module.eval();
  return module;
}

}  // namespace whycam::test
