// What computes an explanation.
#pragma once

#include <string>

#include "whycam/api.h"

namespace whycam {

/// Both give the same explanations up to rounding in float32.
enum class Engine {
  automatic,  ///< compiled where it can, else autograd; the environment variable WHYCAM_ENGINE, where it is set,
              ///< decides instead
  autograd,   ///< any network but those of ONNX files, through libtorch
  compiled,   ///< ONNX and TorchScript networks of known operators, float32, on the CPU: faster, in less memory;
              ///< ModelError for others
};

WHYCAM_API const char* to_string(Engine engine);

/// Throws InputError for a name that is none of these.
WHYCAM_API Engine engine_named(const std::string& name);

/// The engine that is asked for; where that is `automatic`, what WHYCAM_ENGINE names. Throws InputError where that
/// names none, and for autograd where whycam was built without libtorch.
WHYCAM_API Engine chosen_engine(Engine engine);

}  // namespace whycam
