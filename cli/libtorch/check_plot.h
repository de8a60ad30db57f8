// check.png
#pragma once

#include "whycam/picture/image.h"
#include "whycam/trust.h"

namespace whycam::cli {

/// The curves of a report, one panel a question.
picture::Image plot_of(const TrustReport& report);

}  // namespace whycam::cli
