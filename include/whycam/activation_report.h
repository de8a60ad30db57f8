// What an explanation says of the network's activations.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace whycam {

/// Which activations the gradient met on its way from the output to the inputs.
struct ActivationReport {
  std::int64_t relus_guided = 0;                   ///< calls, not modules: a ReLU that runs twice counts twice
  std::map<std::string, std::int64_t> not_guided;  ///< other activations, by name, which kept their plain gradient
};

}  // namespace whycam
