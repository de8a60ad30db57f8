#include "backends/onednn/builder.h"

#include <omp.h>

#include <algorithm>
#include <limits>

#include "backends/onednn/batch.h"
#include "backends/onednn/kernels.h"
#include "graph/evaluate.h"
#include "graph/examples.h"

namespace whycam::onednn {

using graph::Operator;

void put_down(Builder& builder, Value value) {
#define OPERATOR(name, attributes, fewest, most) put_##name,
  static constexpr void (*all[])(Builder&, Value) = {
#include "graph/operators.def"
  };
#undef OPERATOR
  all[static_cast<std::size_t>(builder.graph[value].op)](builder, value);
}

namespace {

/// Those that are idle while steps are put down; none where the program has bound its threads to processors, as a new
/// one would be to that of the thread that begins it.
int threads_in_the_background() {
  return omp_in_parallel() || omp_get_proc_bind() != omp_proc_bind_false ? 1 : omp_get_max_threads();
}

}  // namespace

Builder::Builder(const graph::Graph& of, Precision precision, std::int64_t parts)
    : graph(of),
      constant_(graph::constant_values(of)),
      winograd_tiles_(choose_winograd(of)),
      parts_(parts),
      primitives_(threads_in_the_background()) {
  for (Value value = 0; value < graph.size(); ++value) {
    if (graph[value].op == Operator::max_pool) pools_.emplace(graph[value].inputs[0], value);
    if (graph[value].op == Operator::max_pool_positions) positions_.emplace(graph[value].inputs[0], value);
  }
  find_phases();
  find_what_lasts();
  find_what_is_rounded(precision);
}

Value Builder::positions_of(Value pool) const { return with_attributes_of(pool, positions_); }
Value Builder::pool_of(Value positions) const { return with_attributes_of(positions, pools_); }

Value Builder::with_attributes_of(Value value, const std::multimap<Value, Value>& others) const {
  const auto [first, last] = others.equal_range(graph[value].inputs[0]);
  const auto found = std::find_if(
      first, last, [&](const auto& entry) { return graph[entry.second].attributes == graph[value].attributes; });
  return found == last ? graph::no_value : found->second;
}

namespace {

/// What stands right behind its input, so that this need not be kept.
bool remembers(Operator op) { return op == Operator::inside || op == Operator::max_pool_positions; }

}  // namespace

/// What depends on the output's gradient belongs to the sections that need it; all else to the forward pass.
void Builder::find_phases() {
  const auto size = at(graph.size());
  backward_.assign(size, false);
  std::vector<std::vector<Value>> remembered(size);
  int sections = 1;
  for (const graph::Output& output : graph.outputs()) sections = std::max(sections, output.section + 1);
  for (Value value = 0; value < graph.size(); ++value) {
    const Node& node = graph[value];
    backward_[at(value)] = node.op == Operator::input && node.name == "output_gradient";
    for (const Value input : node.inputs) backward_[at(value)] = backward_[at(value)] || backward_[at(input)];
    if (!backward_[at(value)] && remembers(node.op)) remembered[at(node.inputs[0])].push_back(value);
  }
  phases_.resize(static_cast<std::size_t>(sections));
  for (int section = 0; section < sections; ++section) {
    std::vector<bool> needed(size, section == 0);
    for (const graph::Output& output : graph.outputs())
      if (output.section == section) needed[at(output.value)] = true;
    for (Value value = graph.size(); section > 0 && value-- > 0;)
      if (needed[at(value)])
        for (const Value input : graph[value].inputs) needed[at(input)] = true;
    for (Value value = 0; value < graph.size(); ++value) {
      if (!needed[at(value)] || constant_[at(value)]) continue;
      if (backward_[at(value)] != (section > 0) || (section == 0 && remembers(graph[value].op))) continue;
      auto& phase = phases_[static_cast<std::size_t>(section)];
      phase.push_back(value);
      if (section == 0) phase.insert(phase.end(), remembered[at(value)].begin(), remembered[at(value)].end());
    }
  }
}

/// Of the forward pass, only what a later section reads itself lasts, not all that leads there.
void Builder::find_what_lasts() {
  lasts_.assign(at(graph.size()), false);
  for (Value value = 0; value < graph.size(); ++value)
    if (backward_[at(value)])
      for (const Value input : graph[value].inputs) lasts_[at(input)] = !backward_[at(input)] && !constant_[at(input)];
  for (const graph::Output& output : graph.outputs())
    if (output.section > 0 && !backward_[at(output.value)]) lasts_[at(output.value)] = true;
}

/// Gradients, but those that lead to an exact output.
void Builder::find_what_is_rounded(Precision precision) {
  rounded_.assign(at(graph.size()), false);
  if (precision == Precision::exact || !multiplies_bfloat16()) return;
  rounded_ = backward_;
  std::vector<bool> exact(at(graph.size()), false);
  for (const graph::Output& output : graph.outputs())
    if (output.exact) exact[at(output.value)] = true;
  for (Value value = graph.size(); value-- > 0;) {
    if (!exact[at(value)]) continue;
    rounded_[at(value)] = false;
    for (const Value input : graph[value].inputs) exact[at(input)] = true;
  }
}

std::shared_ptr<const Plan::Program> Builder::build() {
  program_->sections.resize(phases_.size());
  program_->inputs.resize(phases_.size());
  for (std::size_t section = 0; section < phases_.size(); ++section)
    emit_phase(static_cast<int>(section), phases_[section]);
  make_primitives_and_packs();
  place_buffers();
  return program_;
}

void Builder::place_buffers() {
  std::vector<Lifetime> lifetimes;
  for (const Buffer& buffer : buffers_) {
    lifetimes.push_back(buffer.lifetime);
    if (buffer.lasts) lifetimes.back().last = std::numeric_limits<int>::max();
  }
  const auto only = [&](bool lasting) {
    std::vector<Lifetime> chosen = lifetimes;
    for (std::size_t i = 0; i < chosen.size(); ++i)
      if (buffers_[i].lasts != lasting) chosen[i].bytes = 0;
    return chosen;
  };
  const Arena shared(parts_ == 1 ? lifetimes : only(false));
  program_->run_bytes = shared.bytes;
  program_->offsets.assign(static_cast<std::size_t>(parts_), shared.offsets);
  if (parts_ == 1) return;
  const Arena own(only(true));
  for (auto& offsets : program_->offsets) {
    for (std::size_t i = 0; i < buffers_.size(); ++i)
      if (buffers_[i].lasts) offsets[i] = program_->run_bytes + own.offsets[i];
    program_->run_bytes += own.bytes;
  }
}

void Builder::emit_phase(int section, const std::vector<Value>& nodes) {
  section_ = section;
  readers_.assign(at(graph.size()), 0);
  for (const Value value : nodes)
    for (const Value input : graph[value].inputs) ++readers_[at(input)];
  for (const graph::Output& output : graph.outputs())
    if (output.section == section) readers_[at(output.value)] += 1;  // so that nobody takes its memory over
  std::vector<Value> ordered = nodes;  // inputs are written before the first step: their memory is theirs from then on
  std::stable_partition(ordered.begin(), ordered.end(),
                        [&](Value value) { return graph[value].op == graph::Operator::input; });
  for (const Value value : ordered) {
    const Node& node = graph[value];
    put_down(*this, value);
    for (const Value input : node.inputs)
      if (const auto home = homes_.find(input); home != homes_.end() && home->second.place.buffer >= 0)
        --buffer_of(home->second.place).readers_left;
    ++time_;
  }
  finish_outputs(section);
  ++time_;
  copies_.clear();
  copy_in_.clear();  // a section cannot count on what another one made
  if (section == 0) return;
  for (const Value value : nodes) homes_.erase(value);
}

void Builder::finish_outputs(int section) {
  for (const graph::Output& output : graph.outputs()) {
    if (output.section != section) continue;
    const auto home = homes_.find(output.value);
    if (home == homes_.end()) throw CannotPlan("the output " + output.name + " does not depend on the inputs");
    const Layout layout = home->second.layout;
    const Place place = read(output.value, layout);
    if (parts_ > 1) buffer_of(place).lasts = true;
    program_->outputs[output.name] = {place, graph.shape(output.value), layout};
  }
}

void Builder::use(const Place& place) {
  if (place.buffer >= 0) buffer_of(place).lifetime.last = time_;
}

Layout Builder::layout(Value value) const {
  const auto home = homes_.find(value);
  return home == homes_.end() ? Layout{} : home->second.layout;
}

Type Builder::factor_type(Value value) const {
  const Node& node = graph[value];
  if (!rounded_[at(value)] || winograd_tiles(value) > 0 || is_sparse(graph, value))
    return Type::f32;  // Winograd's algorithm and what leaves zeros out are as fast, and exact
  // Rounding a number pays where many products read it, and each rounding adds to the error of deep networks.
  constexpr std::int64_t fewest_channels = 16, fewest_products = 256;
  const Shape& weights = graph.shape(node.inputs[1]);
  const std::int64_t groups = node.as<graph::ConvolutionAttributes>().groups, of_group = weights[0] / groups;
  if (of_group < fewest_channels || weights[1] < fewest_channels) return Type::f32;
  const std::int64_t taps = graph::element_count(weights) / (weights[0] * weights[1]);
  const bool transposed = node.op == Operator::convolution_transpose;
  return (transposed ? weights[1] : of_group) * taps < fewest_products ? Type::f32 : Type::bf16;
}

Place Builder::read(Value value, Layout wanted, Type type) {
  if (is_constant(value)) {
    if (wanted != Layout{}) throw CannotPlan("a constant where a computed tensor is expected");
    return constant(value);
  }
  const Home& home = homes_.at(value);
  if (type == Type::f32 && home.row == 0 && same_memory(graph.shape(value), home.layout, wanted)) {
    use(home.place);
    return home.place;
  }
  const auto known = copies_.find({value, wanted.block, type});
  if (known != copies_.end()) {
    use(known->second);
    return known->second;
  }
  const Shape& shape = graph.shape(value);
  const dnnl::memory::desc in_wanted = description(shape, wanted, type);
  const Place to = make_bytes(in_wanted.get_size());
  if (home.row > 0 && type == Type::f32 && wanted == home.layout) {
    const std::int64_t places = graph::element_count(shape) / shape[1];
    loop([=, from = home.place, row = home.row, run = shape[1]](
             const Memory& memory) { kernels::copy_runs(memory.at(from), row, memory.at(to), run, run, places); },
         {home.place, to}, "slice of channels");
  } else {
    copy(home.row > 0 ? strided(shape, channels_last_strides(shape, home.row)) : description(shape, home.layout),
         home.place, in_wanted, to,
         (type == Type::bf16 ? "rounding from " : "reorder from ") + std::to_string(home.layout.block) + " to " +
             std::to_string(wanted.block) + " of " + graph::to_string(shape));
  }
  copy_in_[to.buffer] = {value, wanted.block, type};
  return copies_[{value, wanted.block, type}] = to;
}

Place Builder::make(const Shape& shape, Layout layout) {
  return make_bytes(static_cast<std::size_t>(Extents(shape, layout).elements()) * sizeof(float));
}

Place Builder::make_bytes(std::size_t bytes) {
  Buffer buffer;
  buffer.lifetime = {bytes, time_, time_};
  buffers_.push_back(buffer);
  return {static_cast<int>(buffers_.size()) - 1, nullptr, 0};
}

bool Builder::may_take_over(Value operand, Layout layout) const {
  const auto home = homes_.find(operand);
  if (home == homes_.end() || home->second.place.buffer < 0) return false;
  const Buffer& buffer = buffers_[static_cast<std::size_t>(home->second.place.buffer)];
  return home->second.row == 0 && buffer.readers_left == 1 && !buffer.lasts &&
         same_memory(graph.shape(operand), home->second.layout, layout);
}

Place Builder::take_over(Value operand, const Shape& shape, Layout layout) {
  if (!may_take_over(operand, layout) || graph.shape(operand) != shape) return make(shape, layout);
  use(homes_.at(operand).place);
  return homes_.at(operand).place;
}

void Builder::define(Value value, Place place, Layout layout) { set_home(value, {place, layout}); }

void Builder::define_part(Value value, Place place, std::int64_t row) {
  set_home(value, {place, {graph.shape(value)[1]}, row});
}

bool Builder::is_part(Value value) const {
  const auto home = homes_.find(value);
  return home != homes_.end() && home->second.row > 0;
}

std::pair<Place, std::int64_t> Builder::read_rows(Value value) {
  const std::int64_t channels = graph.shape(value)[1];
  if (!is_part(value)) return {read(value, {channels}), channels};
  const Home& home = homes_.at(value);
  use(home.place);
  return {home.place, home.row};
}

void Builder::set_home(Value value, const Home& home) {
  homes_[value] = home;
  const Place& place = home.place;
  if (place.buffer < 0) return;
  // A copy that has become a value of its own may be written over: nobody else reads it as a copy then.
  if (const auto copy = copy_in_.find(place.buffer); copy != copy_in_.end()) {
    copies_.erase(copy->second);
    copy_in_.erase(copy);
  }
  buffer_of(place).readers_left += readers_[at(value)];
  buffer_of(place).lasts = buffer_of(place).lasts || lasts_[at(value)];
  use(place);
}

void Builder::define_input(Value value, Place place) {
  program_->inputs[static_cast<std::size_t>(section_)][graph[value].name] = {place,
                                                                             graph::element_count(graph.shape(value))};
  define(value, place, {});
  if (parts_ > 1) buffer_of(place).lasts = true;
}

void Builder::loop(std::function<void(const Memory&)> work, std::vector<Place> used, const std::string& what) {
  for (const Place& place : used) use(place);
  Step step;
  step.loop = std::move(work);
  step.what = what;
  program_->sections[static_cast<std::size_t>(section_)].push_back(std::move(step));
}

void Builder::copy(const dnnl::memory::desc& from, Place source, const dnnl::memory::desc& to, Place target,
                   const std::string& what) {
  const Operation operation = reorder(from, to);
  primitive(operation, {{DNNL_ARG_FROM, operation.source, source}, {DNNL_ARG_TO, operation.destination, target}}, what);
}

void Builder::primitive(const Operation& operation, std::vector<Step::Argument> arguments, const std::string& what) {
  if (operation.scratch > 0)
    arguments.push_back({DNNL_ARG_SCRATCHPAD,
                         dnnl::memory::desc({static_cast<std::int64_t>(operation.scratch)}, dnnl::memory::data_type::u8,
                                            dnnl::memory::format_tag::a),
                         make_bytes(operation.scratch)});
  for (const Step::Argument& argument : arguments) use(argument.place);
  Step step;
  step.arguments = std::move(arguments);
  step.what = what;
  auto& steps = program_->sections[static_cast<std::size_t>(section_)];
  steps.push_back(std::move(step));
  primitives_.add([make = operation.make, made = &steps.back().primitive] { *made = make(); });
}

std::int64_t Builder::preferred_block(const Shape& shape) {
  if (shape.size() < 3) return 1;
  static const std::int64_t block = [] {
    graph::ConvolutionAttributes attributes;
    attributes.strides = attributes.dilation = attributes.padding_begin = attributes.padding_end = {1, 1};
    const Shape tensor{1, 64, 16, 16};
    const auto layout =
        layout_of(convolution(tensor, {64, 64, 3, 3}, tensor, attributes, false, {}, Order::best).destination, tensor);
    return layout ? layout->block : 1;
  }();
  if (block == 64) return shape[1];  // channels last
  return shape[1] % block == 0 ? block : 1;
}

bool multiplies_bfloat16() {
  constexpr auto needed = static_cast<unsigned>(dnnl::cpu_isa::avx512_core_bf16);  // each has a bit
  return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & needed) == needed;
}

bool available() { return is_the_right_onednn(); }

Plan::Plan(const graph::Graph& graph, Precision precision, std::int64_t examples_at_once) {
  // For each processor one at least, so that its thread has work in every step.
  const std::int64_t examples = graph::example_count(graph),
                     at_once =
                         examples_at_once > 0 ? examples_at_once : onednn::examples_at_once(graph, omp_get_num_procs());
  const auto of_part = at_once < examples ? graph::for_examples(graph, at_once) : std::nullopt;
  try {
    program_ = Builder(of_part ? *of_part : graph, precision, of_part ? examples / at_once : 1).build();
  } catch (const dnnl::error& failure) {
    throw CannotPlan(std::string("oneDNN: ") + failure.what());
  }
}

Plan::~Plan() = default;
std::size_t Plan::run_bytes() const { return program_->run_bytes; }
const std::map<const void*, std::size_t>& Plan::packed() const { return program_->packed; }

}  // namespace whycam::onednn
