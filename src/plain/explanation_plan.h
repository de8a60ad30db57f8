// All that an explanation on plain buffers computes, as one plan.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "basics/relu_rule.h"
#include "basics/work.h"
#include "graph/program.h"
#include "onnx/network.h"
#include "plain/run_pool.h"
#include "whycam/plain.h"

namespace whycam::plain {

/// What a plan is made for.
struct Request {
  std::vector<Shape> inputs;
  std::string layer;
  Options options;

  basics::Work work() const { return basics::Work(options.methods); }
  /// Whatever tells one plan from another: inputs, layer, whether what enters it is observed, how Grad-CAM is resized,
  /// which methods' work, rules for guided backpropagation and deconvolution, whether clipped ReLUs follow them, the
  /// explained output, threads.
  using Key = std::tuple<std::vector<Shape>, std::string, bool, Interpolation, std::array<bool, 3>, GuidedRule,
                         GuidedRule, bool, std::vector<OutputElement>, int>;
  Key key() const;
};

/// A plan for one kind of request, with what is known of its results. Its sections are those of graph::program;
/// Grad-CAM and what it is resized to are further outputs of the layer's.
class ExplanationPlan {
 public:
  /// Throws CannotCompile, LayerError and ModelError.
  ExplanationPlan(const onnx::Network& network, const Request& request);

  const RunPool& runs() const { return *runs_; }

  Shape output_shape;
  std::vector<Shape> attributions;                  ///< N x 1 x space, of each tensor of the layer
  std::vector<std::optional<std::size_t>> resized;  ///< for each input, the first attribution that can be resized to it
  std::vector<basics::ReluRule> rules;              ///< guided first, then deconvolution, as far as they are asked for
  ActivationReport report;

  static std::string input_name(std::size_t input);
  static std::string attribution_name(std::size_t tensor);
  static std::string upsampled_name(std::size_t input);

 private:
  void compile(const onnx::Network& network, const Request& request);
  void find_attributions(const graph::Forward& forward, const Request& request);
  std::vector<graph::Output> add_grad_cam(graph::Graph& graph, const Request& request) const;

  std::optional<RunPool> runs_;
};

}  // namespace whycam::plain
