#include "backends/backend.h"
#include "backends/onednn/plan.h"

const whycam::backends::Backend& whycam::backends::cpu() { return onednn::backend(); }
