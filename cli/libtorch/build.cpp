#include "network.h"

const whycam::cli::Build whycam::cli::build{
    "Shows why a convolutional network decided: Guided Grad-CAM for TorchScript and ONNX networks.",
    "The network: a TorchScript or an ONNX file",
    "automatic: compiled where the network can be, else autograd; autograd or compiled: that one. The environment "
    "variable WHYCAM_ENGINE decides for automatic",
    "{automatic,autograd,compiled}"};
