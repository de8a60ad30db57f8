// How exactly the gradients of an explanation are computed.
#pragma once

#include <string>

#include "whycam/api.h"

namespace whycam {

/// The forward pass, and with it each ReLU's mask, is float32 in both.
enum class Precision {
  exact,  ///< gradients in float32
  fast,   ///< heat maps as exact; gradients at the inputs are multiplied by weights in bfloat16 and added up in
          ///< float32, where the compiled engine runs on a processor that does that natively (AVX512_BF16, AMX): they
          ///< differ from exact ones by some thousandths. Elsewhere as exact, with a warning
};

WHYCAM_API const char* to_string(Precision precision);
/// Throws InputError for a name that is none of these.
WHYCAM_API Precision precision_named(const std::string& name);

}  // namespace whycam
