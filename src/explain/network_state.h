// What whycam::Network asks of the networks of a kind of file.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/network_source.h"
#include "whycam/network.h"

namespace whycam {

namespace formats {
class NetworkFile;
}

/// Its functions are Network's. Thread-safe.
struct Network::State {
  virtual ~State() = default;

  virtual std::shared_ptr<const State> before_softmax(const std::vector<OutputElement>& output_element) const = 0;
  virtual const std::vector<Port>& inputs() const = 0;
  virtual const std::vector<Port>& outputs() const = 0;
  virtual std::vector<LayerInfo> layers(const std::vector<Shape>& input_shapes,
                                        const std::vector<OutputElement>& output_element) const = 0;
  virtual std::vector<Layout> input_layouts(const std::vector<Shape>& input_shapes) const = 0;
  virtual Layout output_layout(const std::vector<Shape>& input_shapes,
                               const std::vector<OutputElement>& output_element) const = 0;
  /// The inputs have examples, as many each, and the numbers that their shapes say.
  virtual Explanation explain(const std::vector<Tensor>& inputs, const std::vector<std::string>& layers,
                              const ChooseTargets& choose_targets, const Options& options) const = 0;
  virtual std::vector<GraphStage> graph_stages(const std::vector<Shape>& input_shapes, const std::string& layer,
                                               const Options& options) const = 0;
};

namespace explain {

/// A network that is a graph already; null where it is of another kind, or not there. Throws
/// ModelError where it is damaged.
std::shared_ptr<const Network::State> open_graph(const core::NetworkSource& source);
/// The same of a file that was read.
std::shared_ptr<const Network::State> graph_state(std::shared_ptr<const formats::NetworkFile> file);

/// A network of any kind that this build reads. Throws ModelError.
Network open(const core::NetworkSource& source);

}  // namespace explain
}  // namespace whycam
