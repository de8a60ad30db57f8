// LSTM, GRU and plain recurrent layers, step by step.
#include <algorithm>

#include "formats/aten/rules.h"

namespace whycam::aten {
namespace {

using graph::Function;
using graph::MatmulAttributes;
using graph::Operator;
using graph::Shape;
using graph::Value;

enum class Cell { lstm, gru, tanh, relu };

/// The weights of one layer in one direction.
struct Weights {
  Value input, hidden, input_bias = graph::no_value, hidden_bias = graph::no_value;
};

/// One direction of one layer, over inputs of steps x examples x features.
class Direction {
 public:
  Direction(graph::Graph& graph, const Weights& weights, Cell kind)
      : graph_(graph), weights_(weights), kind_(kind), width_(graph.shape(weights.hidden).at(1)) {}

  /// All hidden states in the order of the steps; `hidden` and `cell` become the last ones.
  Value run(Value x, bool backwards, Value& hidden, Value& cell) const {
    const Shape shape = graph_.shape(x);
    const Value rows = graph_.reshape(x, {shape[0] * shape[1], shape[2]});
    const Value all =
        graph_.reshape(product(rows, weights_.input, weights_.input_bias), {shape[0], shape[1], gates() * width_});
    std::vector<Value> states(static_cast<std::size_t>(shape[0]));
    for (std::int64_t i = 0; i < shape[0]; ++i) {
      const std::int64_t step = backwards ? shape[0] - 1 - i : i;
      const Value now = graph_.reshape(graph_.slice(all, 0, step, 1), {shape[1], gates() * width_});
      const Value before = product(hidden, weights_.hidden, weights_.hidden_bias);
      if (kind_ == Cell::gru)
        gru_step(now, before, hidden);
      else if (kind_ == Cell::lstm)
        lstm_step(graph_.binary(Operator::add, now, before), hidden, cell);
      else
        hidden = plain_step(graph_.binary(Operator::add, now, before));
      states[static_cast<std::size_t>(step)] = graph_.reshape(hidden, {1, shape[1], width_});
    }
    return states.size() == 1 ? states[0] : graph_.add(Operator::concat, states, graph::ConcatAttributes{0});
  }

 private:
  std::int64_t gates() const { return kind_ == Cell::lstm ? 4 : kind_ == Cell::gru ? 3 : 1; }

  Value product(Value x, Value weight, Value bias) const {
    std::vector<Value> inputs{x, weight};
    if (bias != graph::no_value) inputs.push_back(bias);
    return graph_.add(Operator::matmul, inputs, MatmulAttributes{false, true});
  }
  Value gate(Value gates, std::int64_t i, Function function) const {
    return graph_.unary(function, graph_.slice(gates, 1, i * width_, width_));
  }

  Value plain_step(Value sum) const {
    const Value hidden = graph_.unary(kind_ == Cell::relu ? Function::relu : Function::tanh, sum);
    if (kind_ == Cell::relu) graph_.set_activation(hidden, "relu");
    return hidden;
  }

  void lstm_step(Value gates, Value& hidden, Value& cell) const {
    const Value in = gate(gates, 0, Function::sigmoid), forget = gate(gates, 1, Function::sigmoid),
                candidate = gate(gates, 2, Function::tanh), out = gate(gates, 3, Function::sigmoid);
    cell = graph_.binary(Operator::add, graph_.binary(Operator::multiply, forget, cell),
                         graph_.binary(Operator::multiply, in, candidate));
    hidden = graph_.binary(Operator::multiply, out, graph_.unary(Function::tanh, cell));
  }

  void gru_step(Value now, Value before, Value& hidden) const {
    const auto part = [&](Value x, std::int64_t i) { return graph_.slice(x, 1, i * width_, width_); };
    const auto both = [&](std::int64_t i) {
      return graph_.unary(Function::sigmoid, graph_.binary(Operator::add, part(now, i), part(before, i)));
    };
    const Value reset = both(0), update = both(1);
    const Value candidate = graph_.unary(
        Function::tanh,
        graph_.binary(Operator::add, part(now, 2), graph_.binary(Operator::multiply, reset, part(before, 2))));
    // candidate + update * (hidden - candidate)
    hidden =
        graph_.binary(Operator::add, candidate,
                      graph_.binary(Operator::multiply, update, graph_.binary(Operator::subtract, hidden, candidate)));
  }

  graph::Graph& graph_;
  const Weights& weights_;
  Cell kind_;
  std::int64_t width_;
};

/// (input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first)
class Network {
 public:
  Network(Call& call, Cell kind) : call_(call), graph_(call.graph), kind_(kind), lstm_(kind == Cell::lstm) {
    has_biases_ = call.boolean(3);
    layers_ = call.integer(4);
    directions_ = call.boolean(7) ? 2 : 1;
    parameters_ = call.tensors(2);
    states_ = lstm_ ? call.tensors(1) : std::vector<Value>{call.tensor(1)};
    if (call.number(5) != 0 && call.boolean(6)) call.refuse("a dropout in training mode");
    if (call.dimensions() != 3) call.refuse("other than steps, examples and features");
    const auto each = static_cast<std::size_t>(has_biases_ ? 4 : 2);
    if (layers_ < 1 || states_.size() != (lstm_ ? 2U : 1U) ||
        parameters_.size() != each * static_cast<std::size_t>(layers_ * directions_))
      call.refuse("another number of weights, such as with projections");
  }

  void give() {
    const bool batch_first = call_.boolean(8);
    Value x = call_.tensor();
    if (batch_first) x = graph_.transpose(x, {1, 0, 2});
    constexpr std::int64_t most_steps = 1 << 12;
    if (graph_.shape(x)[0] > most_steps) call_.refuse("more than 4096 steps");
    std::vector<Value> hidden, cells;
    for (std::int64_t layer = 0; layer < layers_; ++layer) {
      std::vector<Value> outputs;
      for (std::int64_t direction = 0; direction < directions_; ++direction) {
        const std::int64_t index = layer * directions_ + direction;
        Value state = initial(0, index), cell = lstm_ ? initial(1, index) : graph::no_value;
        outputs.push_back(Direction(graph_, weights(index), kind_).run(x, direction == 1, state, cell));
        hidden.push_back(stacked(state));
        if (lstm_) cells.push_back(stacked(cell));
      }
      x = outputs.size() == 1 ? outputs[0] : graph_.add(Operator::concat, outputs, graph::ConcatAttributes{2});
    }
    if (batch_first) x = graph_.transpose(x, {1, 0, 2});
    std::vector<Value> results{x, joined(hidden)};
    if (lstm_) results.push_back(joined(cells));
    call_.give_several(results);
  }

 private:
  Weights weights(std::int64_t index) const {
    const std::size_t at = static_cast<std::size_t>(index) * (has_biases_ ? 4 : 2);
    Weights result{parameters_[at], parameters_[at + 1]};
    if (has_biases_) {
      result.input_bias = parameters_[at + 2];
      result.hidden_bias = parameters_[at + 3];
    }
    return result;
  }
  Value initial(std::size_t state, std::int64_t index) const {
    const Shape shape = graph_.shape(states_[state]);
    return graph_.reshape(graph_.slice(states_[state], 0, index, 1), {shape.at(1), shape.at(2)});
  }
  Value stacked(Value state) const {
    const Shape shape = graph_.shape(state);
    return graph_.reshape(state, {1, shape[0], shape[1]});
  }
  Value joined(const std::vector<Value>& parts) const {
    return parts.size() == 1 ? parts[0] : graph_.add(Operator::concat, parts, graph::ConcatAttributes{0});
  }

  Call& call_;
  graph::Graph& graph_;
  Cell kind_;
  bool lstm_, has_biases_ = false;
  std::int64_t layers_ = 0, directions_ = 1;
  std::vector<Value> parameters_, states_;
};

}  // namespace

void add_recurrent_rules(Rules& rules) {
  const std::pair<const char*, Cell> kinds[] = {
      {"lstm", Cell::lstm}, {"gru", Cell::gru}, {"rnn_tanh", Cell::tanh}, {"rnn_relu", Cell::relu}};
  for (const auto& [op, kind] : kinds) rules[op] = [kind = kind](Call& call) { Network(call, kind).give(); };
}

}  // namespace whycam::aten
