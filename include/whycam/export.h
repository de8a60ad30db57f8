// A network with its explanation inside, as an ordinary ONNX file: for wherever ONNX networks run, browsers included.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "whycam/api.h"
#include "whycam/layer.h"
#include "whycam/model.h"
#include "whycam/options.h"
#include "whycam/region.h"
#include "whycam/torch_tensor.h"

namespace whycam {

/// What a file explains of the class that its input `target` names; without more, the class itself.
struct ExportedTarget {
  /// For an output of N x classes x space: the class's scores are summed over all places, over those where it is
  /// predicted, or over a mask, which is a further input then: `mask`, N x space, whose places that are not 0 count.
  std::optional<Region::Kind> region;
  /// A class (without a region, an element of the row) whose score is subtracted: why the target and not this one.
  std::optional<std::int64_t> versus;
  /// What speaks against it, in place of what speaks for it.
  bool against = false;
};

/// Writes an ONNX network of standard operators (operator set 17). Beside the network's inputs it takes `target`, one
/// int64 an example: which element of the explained output is explained, counted through the row in row-major order
/// (for a classifier, the class); with a region, which class. A target that is not there fails the run in runtimes that
/// check places, as ONNX Runtime does. Beside the network's outputs (a TorchScript network's is called `output`) it
/// gives, as raw float32, an output for each method of `options`, called as in C++ (`grad_cam`), and for what products
/// are made of: heat maps are N x 1 x (spatial extent of the input), not negative, resized as `options` says; others
/// are of the input's shape. Where the network has several inputs, there is one of each for every input, with "_" and
/// the input's name behind (an input to which the layer cannot be resized has no heat map and no product). The number
/// of examples stays open, unless an ONNX network fixes it. Layer, rule, interpolation and whycam's version stand in
/// the file's metadata, and what `metadata` adds. The file's cost grows with the network, not with its classes.
///
/// `inputs` are examples: their shapes count, and those of the additional arguments (of which tensors with as many rows
/// as there are examples become inputs that grow with the batch, other tensors fixed ones; what is no tensor is built
/// in). Of `options`, the engine is not asked.
///
/// Before the file is written, the ONNX library checks it, and it is run (by whycam's own reader and plans) on two
/// different random inputs, with different targets and numbers of examples, and must give what the compiled engine
/// does, to a relative L2 error of 1e-2 (a flipped mask is allowed, a number that was built in is not). Throws
/// ModelError for a network that cannot be compiled or exported, with the operator's name and place; LayerError;
/// TargetError for a region or comparison that the output does not have; InputError; OutputError where the file cannot
/// be written. Returns what a careful reader of the file's maps should know, as Explanation::warnings does.
/// Thread-safe.
WHYCAM_API std::vector<std::string> export_explanation(
    const Model& model, const std::vector<torch::Tensor>& inputs, const Layer& layer, const std::filesystem::path& path,
    const AttributeOptions& options = {}, const std::vector<std::pair<std::string, std::string>>& metadata = {},
    const ExportedTarget& target = {});

}  // namespace whycam
