// check.svg
#pragma once

#include "whycam/picture/svg.h"
#include "whycam/trust.h"

namespace whycam::cli {

/// The curves of a report, one panel per question.
picture::Svg plot_of(const TrustReport& report);

}  // namespace whycam::cli
