// Which modules each node of an ONNX network came from.
#pragma once

#include "formats/onnx/contents.h"

namespace whycam::onnx {

/// Fills in `paths`. Needs `readers` and `output_names`.
void find_paths(Network::Contents& contents);

}  // namespace whycam::onnx
