#include "explain/before_softmax.h"

namespace whycam::explain {
namespace {

using graph::Operator;
using graph::Value;

bool is_softmax(const graph::Node& node) {
  return node.op == Operator::softmax || node.op == Operator::log_softmax ||
         (node.op == Operator::unary && node.as<graph::FunctionAttributes>().function == graph::Function::sigmoid);
}

/// What enters it, in the order and shape that the output has; no_value where there is none.
Value before(graph::Graph& graph, Value output) {
  const graph::Node node = graph[output];
  if (is_softmax(node)) return node.inputs[0];
  if (node.op != Operator::reshape && node.op != Operator::transpose) return graph::no_value;
  const Value moved = before(graph, node.inputs[0]);
  return moved == graph::no_value ? moved : graph.add_like(node, {moved});
}

class BeforeSoftmax : public formats::NetworkFile {
 public:
  BeforeSoftmax(std::shared_ptr<const formats::NetworkFile> network, std::size_t output)
      : network_(std::move(network)), output_(output) {}

  const char* format() const override { return network_->format(); }
  const std::vector<formats::Port>& inputs() const override { return network_->inputs(); }
  const std::vector<formats::Port>& outputs() const override { return network_->outputs(); }
  const std::vector<formats::Layer>& layers() const override { return network_->layers(); }
  bool has_layer(const std::string& name) const override { return network_->has_layer(name); }
  std::string fault_of_layer(const std::string& name) const override { return network_->fault_of_layer(name); }
  std::vector<std::string> warnings(const std::string& layer) const override { return network_->warnings(layer); }

  formats::Lowered lower(const std::vector<formats::Given>& inputs, const formats::Wanted& wanted) const override {
    formats::Lowered lowered = network_->lower(inputs, wanted);
    Value& output = lowered.outputs[output_];
    if (output == graph::no_value) return lowered;
    output = before(lowered.graph, output);
    if (output == graph::no_value)
      throw formats::Error("the output \"" + outputs()[output_].name +
                           "\" comes from no softmax or sigmoid; explain it as it is");
    return lowered;
  }

 private:
  std::shared_ptr<const formats::NetworkFile> network_;
  std::size_t output_;
};

}  // namespace

std::shared_ptr<const formats::NetworkFile> before_softmax(std::shared_ptr<const formats::NetworkFile> network,
                                                           std::size_t output) {
  return std::make_shared<BeforeSoftmax>(std::move(network), output);
}

}  // namespace whycam::explain
