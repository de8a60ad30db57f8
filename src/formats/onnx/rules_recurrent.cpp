// RNN, GRU and LSTM, step by step.
#include <algorithm>

#include "formats/onnx/rules.h"
#include "graph/operators.h"

namespace whycam::onnx {
namespace {

using graph::Function;
using graph::MatmulAttributes;
using graph::Operator;
using graph::Shape;
using graph::Value;

struct State {
  Value hidden = graph::no_value, cell = graph::no_value;
};

/// One step of one direction: gates from the input, with its bias, as [batch, gates * hidden].
class Cell {
 public:
  Cell(graph::Graph& graph, std::int64_t hidden_size) : g(graph), size(hidden_size) {}
  virtual ~Cell() = default;
  virtual State step(Value input_gates, const State& before) = 0;

  Value recurrent = graph::no_value;       ///< [gates * hidden, hidden]
  Value recurrent_bias = graph::no_value;  ///< [gates * hidden]

 protected:
  Value gate(Value gates, std::int64_t i) const { return g.slice(gates, 1, i * size, size); }
  Value times(Value a, Value b) const { return g.binary(Operator::multiply, a, b); }
  Value plus(Value a, Value b) const { return g.binary(Operator::add, a, b); }
  Value sigmoid(Value x) const { return g.unary(Function::sigmoid, x); }
  Value tanh(Value x) const { return g.unary(Function::tanh, x); }
  /// What the state adds to the gates.
  Value of_state(Value hidden, Value weights, Value bias) const {
    return plus(g.add(Operator::matmul, {hidden, weights}, MatmulAttributes{false, true}), bias);
  }

  graph::Graph& g;
  std::int64_t size;
};

class RnnCell : public Cell {
 public:
  RnnCell(graph::Graph& graph, std::int64_t hidden_size, Function function)
      : Cell(graph, hidden_size), function_(function) {}
  State step(Value x, const State& before) override {
    const Value hidden = g.unary(function_, plus(x, of_state(before.hidden, recurrent, recurrent_bias)));
    if (function_ == Function::relu) g.set_activation(hidden, "relu");
    return {hidden, before.cell};
  }

 private:
  Function function_;
};

/// Gates in the order input, output, forget, cell.
class LstmCell : public Cell {
 public:
  using Cell::Cell;
  State step(Value x, const State& before) override {
    const Value gates = plus(x, of_state(before.hidden, recurrent, recurrent_bias));
    const Value in = sigmoid(gate(gates, 0)), out = sigmoid(gate(gates, 1)), forget = sigmoid(gate(gates, 2));
    const Value cell = plus(times(forget, before.cell), times(in, tanh(gate(gates, 3))));
    return {times(out, tanh(cell)), cell};
  }
};

/// Gates in the order update, reset, hidden.
class GruCell : public Cell {
 public:
  GruCell(graph::Graph& graph, std::int64_t hidden_size, bool linear_before_reset)
      : Cell(graph, hidden_size), linear_before_reset_(linear_before_reset) {}

  State step(Value x, const State& before) override {
    const Value first = g.slice(recurrent, 0, 0, 2 * size), first_bias = g.slice(recurrent_bias, 0, 0, 2 * size),
                last = g.slice(recurrent, 0, 2 * size, size), last_bias = g.slice(recurrent_bias, 0, 2 * size, size);
    const Value gates = sigmoid(plus(g.slice(x, 1, 0, 2 * size), of_state(before.hidden, first, first_bias)));
    const Value update = gate(gates, 0), reset = gate(gates, 1);
    const Value from_state = linear_before_reset_ ? times(reset, of_state(before.hidden, last, last_bias))
                                                  : of_state(times(reset, before.hidden), last, last_bias);
    const Value candidate = tanh(plus(gate(x, 2), from_state));
    const Value rest = g.unary(Function::linear, update, -1, 1);
    return {plus(times(rest, candidate), times(update, before.hidden)), before.cell};
  }

 private:
  bool linear_before_reset_;
};

/// What a node of any of the three says.
class Recurrence {
 public:
  Recurrence(Call& call, std::int64_t gates) : call_(call), g(call.graph), gates_(gates) {
    check();
    const Shape x = call.shape(), w = call.shape(1), r = call.shape(2);
    steps_ = x[batch_first_ ? 1 : 0];
    batch_ = x[batch_first_ ? 0 : 1];
    directions_ = w[0];
    size_ = r[2];
    const std::string direction = call.text("direction", "forward");
    if (direction != "forward" && direction != "reverse" && direction != "bidirectional")
      call.refuse("the direction \"" + direction + "\"");
    reversed_ = direction == "reverse";
    if (directions_ != (direction == "bidirectional" ? 2 : 1) || r[0] != directions_)
      call.refuse("weights of " + std::to_string(directions_) + " directions");
    if (steps_ * directions_ > most_steps) call.refuse("more than 2^12 steps");
    if (call.given(4)) check_lengths(call.array(4));
  }

  std::int64_t size() const { return size_; }

  void run(Cell& cell, const std::string& report_name) {
    std::vector<std::vector<Value>> outputs(static_cast<std::size_t>(steps_));  // [step][direction]
    std::vector<Value> hidden, cells;
    for (std::int64_t direction = 0; direction < directions_; ++direction) {
      const Value gates = input_gates(direction);
      cell.recurrent = matrix(2, direction);
      cell.recurrent_bias = bias(direction, 1);
      State state{initial(5, direction), initial(6, direction)};
      const bool backward = reversed_ || direction == 1;
      for (std::int64_t i = 0; i < steps_; ++i) {
        const std::int64_t t = backward ? steps_ - 1 - i : i;
        const Value now = g.reshape(g.slice(gates, 0, t, 1), {batch_, gates_ * size_});
        state = cell.step(now, state);
        outputs[static_cast<std::size_t>(t)].push_back(g.reshape(state.hidden, {1, 1, batch_, size_}));
      }
      if (g[state.hidden].activation.empty()) g.set_activation(state.hidden, report_name);
      hidden.push_back(g.reshape(state.hidden, {1, batch_, size_}));
      cells.push_back(g.reshape(state.cell, {1, batch_, size_}));
    }
    give(outputs, hidden, cells);
  }

 private:
  static constexpr std::int64_t most_steps = 1 << 12;

  void check() {
    if (call_.dimensions() != 3 || call_.dimensions(1) != 3 || call_.dimensions(2) != 3)
      call_.refuse("inputs or weights of other than 3 dimensions");
    batch_first_ = call_.integer("layout", 0) == 1;
    if (call_.has("clip")) call_.refuse("clipped gates");
    if (call_.integer("input_forget", 0) != 0) call_.refuse("coupled gates (input_forget)");
    if (call_.given(7)) {
      const auto peepholes = call_.known(7);
      if (!peepholes ||
          std::any_of(peepholes->numbers.begin(), peepholes->numbers.end(), [](double p) { return p != 0; }))
        call_.refuse("peepholes");
    }
  }

  void check_lengths(const Array& lengths) {
    for (const double length : lengths.numbers)
      if (length != static_cast<double>(steps_)) call_.refuse("sequences of different lengths");
  }

  Value matrix(std::size_t input, std::int64_t direction) {
    const Shape shape = call_.shape(input);
    return g.reshape(g.slice(call_.value(input), 0, direction, 1), {shape[1], shape[2]});
  }

  /// The input's (0) or the state's (1).
  Value bias(std::int64_t direction, std::int64_t which) {
    const std::int64_t count = gates_ * size_;
    if (!call_.given(3)) return g.expand(g.scalar(0), {count});
    const Value row = g.reshape(g.slice(call_.value(3), 0, direction, 1), {2 * count});
    return g.slice(row, 0, which * count, count);
  }

  Value initial(std::size_t input, std::int64_t direction) {
    if (!call_.given(input)) return g.expand(g.scalar(0), {batch_, size_});
    return g.reshape(g.slice(call_.value(input), batch_first_ ? 1 : 0, direction, 1), {batch_, size_});
  }

  /// What the inputs of all steps add to the gates, in one product: [step, batch, gates * hidden].
  Value input_gates(std::int64_t direction) {
    const Value x = batch_first_ ? g.transpose(call_.value(), {1, 0, 2}) : call_.value();
    const Value rows = g.reshape(x, {steps_ * batch_, call_.shape()[2]});
    const Value product =
        g.add(Operator::matmul, {rows, matrix(1, direction)}, MatmulAttributes{false, true}, call_.name);
    return g.reshape(g.binary(Operator::add, product, bias(direction, 0)), {steps_, batch_, gates_ * size_});
  }

  Value joined(const std::vector<Value>& parts, std::int64_t axis) {
    return parts.size() == 1 ? parts[0] : g.add(Operator::concat, parts, graph::ConcatAttributes{axis});
  }

  void give(const std::vector<std::vector<Value>>& outputs, const std::vector<Value>& hidden,
            const std::vector<Value>& cells) {
    std::vector<Value> steps;
    for (const auto& of_step : outputs) steps.push_back(joined(of_step, 1));
    Value all = joined(steps, 0), last = joined(hidden, 0), last_cell = joined(cells, 0);
    if (batch_first_) {
      all = g.transpose(all, {2, 0, 1, 3});
      last = g.transpose(last, {1, 0, 2});
      last_cell = g.transpose(last_cell, {1, 0, 2});
    }
    const Value given[] = {all, last, last_cell};
    for (std::size_t i = 0; i < call_.output_count(); ++i) call_.give(given[i], i);
  }

  Call& call_;
  graph::Graph& g;
  std::int64_t gates_, steps_ = 0, batch_ = 0, directions_ = 1, size_ = 0;
  bool batch_first_ = false, reversed_ = false;
};

/// Throws Error for other activations than these, in each direction.
void require_activations(const Call& call, const std::vector<std::string>& of_direction) {
  const auto* given = call.find("activations");
  if (!given) return;
  for (int i = 0; i < given->strings_size(); ++i)
    if (given->strings(i) != of_direction[static_cast<std::size_t>(i) % of_direction.size()])
      call.refuse("the activation " + given->strings(i));
}

void rnn(Call& call) {
  const auto* given = call.find("activations");
  const bool relu = given && given->strings_size() > 0 && given->strings(0) == "Relu";
  require_activations(call, {relu ? "Relu" : "Tanh"});
  Recurrence recurrence(call, 1);
  RnnCell cell(call.graph, recurrence.size(), relu ? Function::relu : Function::tanh);
  recurrence.run(cell, "rnn");
}

void lstm(Call& call) {
  require_activations(call, {"Sigmoid", "Tanh", "Tanh"});
  Recurrence recurrence(call, 4);
  LstmCell cell(call.graph, recurrence.size());
  recurrence.run(cell, "lstm");
}

void gru(Call& call) {
  require_activations(call, {"Sigmoid", "Tanh"});
  Recurrence recurrence(call, 3);
  GruCell cell(call.graph, recurrence.size(), call.integer("linear_before_reset", 0) != 0);
  recurrence.run(cell, "gru");
}

}  // namespace

void add_recurrent_rules(Rules& rules) {
  rules["RNN"] = rnn;
  rules["LSTM"] = lstm;
  rules["GRU"] = gru;
}

}  // namespace whycam::onnx
