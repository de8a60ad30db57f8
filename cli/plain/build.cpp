#include "network.h"

const whycam::cli::Build whycam::cli::build{
    "Shows why a convolutional network decided: Guided Grad-CAM for ONNX networks.", "The network: an ONNX file",
    "automatic or compiled, which are the same: this whycam was built without libtorch, and has no other engine",
    "{automatic,compiled}"};
