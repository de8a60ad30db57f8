// A TorchScript network as a graph. Apart from lower.h, because libtorch's headers for it are large.
#pragma once

#include <ATen/core/function_schema.h>
#include <torch/csrc/jit/api/module.h>

#include <memory>

namespace torch::jit {
struct Graph;
}

namespace whycam::torchscript {

/// The graph that runs a network: whycam::observe(value, slot) stands behind (or before) the calls of its layers.
struct Script {
  std::shared_ptr<const torch::jit::Graph> graph;
  torch::jit::Module module;
  c10::FunctionSchema schema;
};

}  // namespace whycam::torchscript
