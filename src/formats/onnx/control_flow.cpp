// Nodes that hold graphs: which branch is taken and how often a loop runs must be known.
#include "formats/onnx/follower.h"
#include "graph/operators.h"

namespace whycam::onnx {

using graph::Value;

namespace {

const proto::GraphProto& body_of(const Call& call) {
  const auto* body = call.find("body");
  if (!body || !body->has_g()) throw Error("a loop without a body");
  return body->g();
}

}  // namespace

/// A file of some bytes must not ask for hours: what loops run is limited, and how much is read as they do.
void Follower::count_steps(const proto::NodeProto& node) {
  constexpr std::size_t most = std::size_t{1} << 17, bytes_of_a_step = 4096;
  steps_ += 1 + node.ByteSizeLong() / bytes_of_a_step;
  if (steps_ > most) throw Error("loops and branches of more than 2^17 nodes, one after another");
}

/// The nodes of a graph within a node, as far as its outputs need them.
void Follower::follow_inner(const proto::GraphProto& graph) {
  WeightReader reader(contents_.model, contents_.folder);
  for (const auto& initializer : graph.initializer()) {
    const auto [found, is_new] = inner_tensors_.emplace(&initializer, Item());
    if (is_new) found->second = item_of(reader.read(initializer), initializer.name());
    known_[initializer.name()] = found->second;
  }
  std::unordered_set<std::string> outputs;
  for (const auto& output : graph.output()) outputs.insert(output.name());
  const std::vector<bool> wanted = needed(graph, std::move(outputs));
  for (int i = 0; i < graph.node_size(); ++i) {
    count_steps(graph.node(i));
    if (wanted[static_cast<std::size_t>(i)]) follow(graph.node(i));
  }
}

/// A condition that is known chooses a branch.
void Follower::branch(const proto::NodeProto& node, const Call& call) {
  const auto condition = call.known(0);
  if (!condition || condition->numbers.size() != 1) throw Error("a condition that depends on the inputs");
  const auto* taken = call.find(condition->numbers[0] != 0 ? "then_branch" : "else_branch");
  if (!taken || !taken->has_g() || taken->g().output_size() != node.output_size())
    throw Error("a branch without results");
  follow_inner(taken->g());
  for (int i = 0; i < node.output_size(); ++i) known_[node.output(i)] = item(taken->g().output(i).name());
}

bool Follower::known_condition(const std::string& tensor) {
  const Item found = item(tensor);
  std::optional<Array> numbers;
  if (const auto* array = std::get_if<Array>(&found)) numbers = *array;
  if (const auto* value = std::get_if<Value>(&found)) numbers = constants_.numbers(*value, 1);
  if (!numbers || numbers->numbers.size() != 1) throw Error("a loop that ends by what depends on the inputs");
  return numbers->numbers[0] != 0;
}

/// One round: what the body gives is the next state, and what is stacked.
void Follower::run_round(const proto::GraphProto& body, int first_state, Rounds& rounds) {
  follow_inner(body);
  int output = first_state;
  for (Item& state : rounds.state) state = item(body.output(output++).name());
  for (std::vector<Item>& stack : rounds.stacks) stack.push_back(item(body.output(output++).name()));
}

void Follower::give_rounds(const proto::NodeProto& node, const Rounds& rounds) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(node.output_size()); ++i)
    known_[node.output(static_cast<int>(i))] =
        i < rounds.state.size() ? rounds.state[i] : stacked(rounds.stacks[i - rounds.state.size()]);
}

/// A loop whose number of rounds is known, round by round.
void Follower::loop(const proto::NodeProto& node, const Call& call) {
  const proto::GraphProto& body = body_of(call);
  const int states = node.input_size() - 2, stacks = body.output_size() - 1 - states;
  if (states < 0 || stacks < 0 || body.input_size() != states + 2 || node.output_size() > states + stacks)
    throw Error("a body that does not fit the loop");
  const auto most = call.given(0) ? std::optional(call.array(0)) : std::nullopt;
  if (most && most->numbers.size() != 1) throw Error("a number of rounds of more than one number");
  bool goes_on = !call.given(1) || known_condition(node.input(1));
  Rounds rounds;
  rounds.stacks.resize(static_cast<std::size_t>(stacks));
  for (int i = 0; i < states; ++i) rounds.state.push_back(item(node.input(2 + i)));
  for (std::int64_t round = 0; goes_on && (!most || static_cast<double>(round) < most->numbers[0]); ++round) {
    count_steps(node);
    known_[body.input(0).name()] = integer_scalar(round);
    known_[body.input(1).name()] = integer_scalar(1);
    for (int i = 0; i < states; ++i) known_[body.input(2 + i).name()] = rounds.state[static_cast<std::size_t>(i)];
    run_round(body, 1, rounds);
    goes_on = known_condition(body.output(0).name());
  }
  give_rounds(node, rounds);
}

/// A loop over the first axis of tensors.
void Follower::scan(const proto::NodeProto& node, const Call& call) {
  if (call.operator_set < 9) throw Error("a Scan of an operator set before 9");
  const proto::GraphProto& body = body_of(call);
  const auto sequences = static_cast<int>(call.integer("num_scan_inputs", 0));
  const int states = node.input_size() - sequences, stacks = body.output_size() - states;
  if (sequences < 1 || states < 0 || stacks < 0 || body.input_size() != node.input_size() ||
      node.output_size() > body.output_size())
    throw Error("a body that does not fit the scan");
  for (const char* attribute :
       {"scan_input_axes", "scan_output_axes", "scan_input_directions", "scan_output_directions"})
    for (const std::int64_t number : call.integers(attribute))
      if (number != 0) throw Error(std::string("a Scan with ") + attribute + " other than 0");
  const graph::Shape first = call.shape(static_cast<std::size_t>(states));
  if (first.empty()) throw Error("a Scan over a single number");
  Rounds rounds;
  rounds.stacks.resize(static_cast<std::size_t>(stacks));
  for (int i = 0; i < states; ++i) rounds.state.push_back(item(node.input(i)));
  for (std::int64_t round = 0; round < first[0]; ++round) {
    count_steps(node);
    for (int i = 0; i < node.input_size(); ++i)
      known_[body.input(i).name()] =
          i < states ? rounds.state[static_cast<std::size_t>(i)] : part(item(node.input(i)), round);
    run_round(body, 0, rounds);
  }
  give_rounds(node, rounds);
}

Value Follower::to_value(const Item& item) {
  if (const auto* value = std::get_if<Value>(&item)) return *value;
  const auto* array = std::get_if<Array>(&item);
  if (!array) throw Error("a round of a loop gives nothing");
  return graph_.add_constant(graph::constant_of(std::vector<float>(array->numbers.begin(), array->numbers.end())),
                             array->shape);
}

/// What the rounds of a loop give, along a new first axis.
Item Follower::stacked(const std::vector<Item>& items) {
  if (items.empty()) throw Error("a loop of no rounds, of which something is stacked");
  if (const auto* first = std::get_if<Array>(&items[0])) {
    Array all = *first;
    all.numbers.clear();
    for (const Item& one : items) {
      const auto* array = std::get_if<Array>(&one);
      if (!array || array->shape != first->shape) throw Error("rounds of a loop that give different things");
      all.numbers.insert(all.numbers.end(), array->numbers.begin(), array->numbers.end());
    }
    all.shape.insert(all.shape.begin(), static_cast<std::int64_t>(items.size()));
    require_known(all.shape);
    return all;
  }
  std::vector<Value> parts;
  for (const Item& one : items) {
    const Value value = to_value(one);
    graph::Shape shape = graph_.shape(value);
    shape.insert(shape.begin(), 1);
    parts.push_back(graph_.reshape(value, shape));
  }
  return parts.size() == 1 ? parts[0] : graph_.add(graph::Operator::concat, parts, graph::ConcatAttributes{0});
}

/// What lies at an index of the first axis.
Item Follower::part(const Item& item, std::int64_t index) {
  if (const auto* array = std::get_if<Array>(&item)) {
    const Array place = integer_scalar(index);
    return fold("Gather", {array, &place}, {});
  }
  const Value value = to_value(item);
  graph::Shape shape = graph_.shape(value);
  if (shape.empty() || index >= shape[0]) throw Error("tensors of different lengths");
  shape.erase(shape.begin());
  return graph_.reshape(graph_.slice(value, 0, index, 1), shape);
}

}  // namespace whycam::onnx
