#include "graph/differentiate.h"

#include <algorithm>

#include "graph/operators.h"

namespace whycam::graph {
namespace {

using Gradient = ReluTreatment::Gradient;

class Differentiation {
 public:
  Differentiation(Graph& graph, Value output, const std::vector<Value>& wanted, const ReluTreatment& treatment)
      : graph_(graph),
        treatment_(treatment),
        size_(static_cast<std::size_t>(output) + 1),
        depends_(size_),
        arrived_(size_),
        passed_(size_, no_value),
        relus_entered_(size_),
        detached_(size_, false),
        total_(size_, no_value) {
    find_detached();
    for (std::size_t v = 0; v < size_; ++v) {
      const Node& node = graph_[static_cast<Value>(v)];
      depends_[v] = std::find(wanted.begin(), wanted.end(), static_cast<Value>(v)) != wanted.end();
      for (const Value input : node.inputs) depends_[v] = depends_[v] || depends_[at(input)];
      if (treated(node) && !detached_[v]) relus_entered_[at(node.inputs[0])].push_back(v);
    }
  }

  void run(Value output_gradient) {
    arrived_.back().push_back(output_gradient);
    for (std::size_t v = size_; v-- > 0;)
      if (!arrived_[v].empty()) visit(v);
  }

  Value gradient(Value wanted) const { return at(wanted) < size_ ? total_[at(wanted)] : no_value; }

 private:
  void find_detached() {
    std::vector<bool> read_otherwise(size_, false);
    for (std::size_t reader = 0; reader < size_; ++reader) {
      const Node& node = graph_[static_cast<Value>(reader)];
      for (const Value input : node.inputs) (is_detach(node) ? detached_ : read_otherwise)[at(input)] = true;
    }
    for (std::size_t v = 0; v < size_; ++v) detached_[v] = detached_[v] && !read_otherwise[v];
  }

  static std::size_t at(Value value) { return static_cast<std::size_t>(value); }
  bool treated(const Node& node) const {
    return treatment_.gradient != Gradient::plain && is_relu(node, treatment_.clipped_relus);
  }
  Value non_negative(Value x) { return graph_.unary(Function::relu, x); }

  void visit(std::size_t v) {
    Value gradient = arrived_[v][0];
    for (std::size_t i = 1; i < arrived_[v].size(); ++i)
      gradient = graph_.binary(Operator::add, gradient, arrived_[v][i]);
    const Node node = graph_[static_cast<Value>(v)];
    // Captum: what a ReLU hands on is what came to it, before a ReLU that it enters replaces it.
    if (treated(node) && treatment_.gradient == Gradient::deconvolution) passed_[v] = non_negative(gradient);
    if (!treatment_.at_the_relu) gradient = at_the_entry(v, gradient);
    total_[v] = gradient;
    std::vector<bool> wanted;
    for (const Value input : node.inputs) wanted.push_back(depends_[at(input)]);
    if (std::find(wanted.begin(), wanted.end(), true) == wanted.end()) return;
    const std::vector<Value> gradients = gradients_of_inputs(v, node, gradient, wanted);
    for (std::size_t i = 0; i < gradients.size(); ++i)
      if (wanted[i] && gradients[i] != no_value) arrived_[at(node.inputs[i])].push_back(gradients[i]);
  }

  /// Captum's rules work where all gradients of the tensor that enters a ReLU have been added up. Of several ReLUs that
  /// it enters, the last counts.
  Value at_the_entry(std::size_t v, Value gradient) {
    for (const std::size_t relu : relus_entered_[v]) {
      if (treatment_.gradient == Gradient::guided) gradient = non_negative(gradient);
      if (treatment_.gradient == Gradient::deconvolution && passed_[relu] != no_value) gradient = passed_[relu];
    }
    return gradient;
  }

  std::vector<Value> gradients_of_inputs(std::size_t v, const Node& node, Value gradient,
                                         const std::vector<bool>& wanted) {
    if (treated(node) && treatment_.at_the_relu) {
      gradient = non_negative(gradient);
      if (treatment_.gradient == Gradient::deconvolution) return {gradient};
    }
    const Record& of = record(node.op);
    require(of.gradient != nullptr, "the operator ", signature(node.op).name, " has no gradient");
    GradientQuestion question{graph_, static_cast<Value>(v), node, gradient, wanted};
    return of.gradient(question);
  }

  Graph& graph_;
  ReluTreatment treatment_;
  std::size_t size_;
  std::vector<bool> depends_;                ///< on something wanted
  std::vector<std::vector<Value>> arrived_;  ///< gradients, one from each use
  std::vector<Value> passed_;                ///< by ReLUs, for Captum's deconvolution
  std::vector<std::vector<std::size_t>> relus_entered_;
  std::vector<bool> detached_;  ///< read through detach alone: no gradient arrives there
  std::vector<Value> total_;
};

}  // namespace

bool is_detach(const Node& node) {
  return node.op == Operator::unary && node.as<FunctionAttributes>().function == Function::detach;
}

bool is_relu(const Node& node, bool clipped_relus) {
  if (node.op != Operator::unary) return false;
  const auto& a = node.as<FunctionAttributes>();
  if (a.function == Function::relu) return true;
  return clipped_relus && (a.function == Function::hardtanh || a.function == Function::clamp) && a.alpha == 0;
}

std::vector<Value> differentiate(Graph& graph, Value output, Value output_gradient, const std::vector<Value>& wanted,
                                 const ReluTreatment& treatment) {
  require(graph.shape(output) == graph.shape(output_gradient), "the output's gradient has not the output's shape");
  Differentiation differentiation(graph, output, wanted, treatment);
  differentiation.run(output_gradient);
  std::vector<Value> gradients;
  for (const Value value : wanted) gradients.push_back(differentiation.gradient(value));
  return gradients;
}

}  // namespace whycam::graph
