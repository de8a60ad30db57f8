// What the command asks of a network. One of two implementations is linked: libtorch/, over all of whycam, or plain/,
// over whycam::plain alone.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tensor.h"
#include "whycam/activation_report.h"
#include "whycam/engine.h"
#include "whycam/graph_stage.h"
#include "whycam/guided_rule.h"
#include "whycam/interpolation_mode.h"
#include "whycam/layer_info.h"
#include "whycam/method.h"
#include "whycam/output_element.h"
#include "whycam/target.h"

namespace whycam::cli {

/// How attributions are computed.
struct AttributionSettings {
  Interpolation interpolation = Interpolation::bilinear;
  GuidedRule guided_rule = GuidedRule::captum;
  bool guide_clipped_relus = false;
  bool layer_input = false;
  std::vector<OutputElement> output_element;
  Engine engine = Engine::automatic;
  std::vector<Method> methods{Method::grad_cam, Method::guided_backprop, Method::guided_grad_cam};
};

/// One target's part of an answer.
struct AnsweredTarget {
  Target target;
  std::vector<double> scores;  ///< one an example
  std::map<Method, Tensor>
      attributions;  ///< N x C x H x W, of Grad-CAM N x 1 x H x W; no numbers where it cannot be resized
};

/// An explanation.
struct Answer {
  Tensor output;
  std::vector<AnsweredTarget> targets;
  ActivationReport activations;
  std::string engine, why_not_compiled;
  std::vector<std::string> warnings;
};

/// For one thread. Throws whycam's errors.
class Network {
 public:
  virtual ~Network() = default;

  virtual std::vector<LayerInfo> layers(const Tensor& input) = 0;
  virtual std::string default_layer(const Tensor& input) = 0;

  using ChooseTargets = std::function<std::vector<Target>(const Tensor& output)>;
  virtual Answer explain(const Tensor& input, const std::string& layer, const ChooseTargets& choose_targets,
                         const AttributionSettings& settings) = 0;

  virtual std::vector<GraphStage> graph_stages(const Tensor& input, const std::string& layer,
                                               const AttributionSettings& settings) = 0;
};

/// Throws Failure.
std::unique_ptr<Network> load_network(const std::string& path);

/// Threads for the network; 0: all cores.
void use_threads(int threads);

/// Throws Failure for an engine that this build does not have.
void require_engine(Engine engine);

/// What --help says of this build.
struct Build {
  const char* purpose;
  const char* network_file;  ///< the argument MODEL
  const char* engine;        ///< the option --engine
  const char* engines;       ///< what it takes
};
extern const Build build;

}  // namespace whycam::cli
