// Constants on their way into a plan: in the orders that operations want.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "backends/onednn/builder.h"
#include "backends/onednn/kernels.h"
#include "backends/onednn/kernels_winograd.h"
#include "backends/onednn/versions.h"
#include "graph/evaluate.h"

namespace whycam::onednn {

using graph::Operator;

namespace {

/// What is computed of constants: a batch norm with a negative variance gives NaN, which oneDNN's ReLUs would make to
/// 0.
void require_finite(const std::vector<double>& numbers) {
  for (const double number : numbers)
    if (!std::isfinite(number)) throw CannotPlan("constants from which NaN or infinity is computed");
}

bool is_float_constant(const Node& node) { return node.op == Operator::constant && node.constant.holds_floats(); }

/// Whether a value is weights times one number for each row. What the evaluator computes would be the same, but copies
/// the weights in double precision.
bool has_scaled_rows(const graph::Graph& graph, const Node& node) {
  if (node.op != Operator::multiply || node.fused.relu || node.shape.empty()) return false;
  const Node &weights = graph[node.inputs[0]], &factor = graph[node.inputs[1]];
  const std::int64_t rows = node.shape[0];
  return is_float_constant(weights) && weights.shape == node.shape && factor.shape.size() == node.shape.size() &&
         factor.shape[0] == rows && graph::element_count(factor.shape) == rows;
}

/// Where weights go in an order of oneDNN's.
std::optional<kernels::WeightPlaces> weight_places(const dnnl::memory::desc& wanted, std::int64_t groups, bool turned) {
  auto places = places_of(wanted);
  if (!places) return std::nullopt;
  graph::Integers sizes = dims_of(wanted), of_group{0};
  if (groups > 1) {
    of_group = places->front();
    of_group.resize(static_cast<std::size_t>(groups));
    places->erase(places->begin());
    sizes.erase(sizes.begin());
  }
  const std::size_t outputs = turned ? 1 : 0, inputs = turned ? 0 : 1;
  if (groups > 1) places->at(outputs).resize(static_cast<std::size_t>(sizes[outputs]));  // rows follow through groups
  kernels::WeightPlaces result{{},
                               places->at(inputs),
                               {0},
                               groups * sizes[outputs],
                               sizes[inputs],
                               static_cast<std::int64_t>(wanted.get_size() / sizeof(float))};
  for (const std::int64_t group : of_group)
    for (const std::int64_t row : places->at(outputs)) result.rows.push_back(group + row);
  for (std::size_t dimension = 2; dimension < places->size(); ++dimension) {
    graph::Integers taps;
    for (const std::int64_t before : result.taps)
      for (const std::int64_t tap : (*places)[dimension]) taps.push_back(before + tap);
    result.taps = std::move(taps);
  }
  if (turned) std::reverse(result.taps.begin(), result.taps.end());
  return result;
}

}  // namespace

const std::shared_ptr<const float>& Builder::numbers_of(Value value) {
  auto& numbers = constants_[value];
  if (!numbers && is_float_constant(graph[value])) numbers = graph[value].constant.numbers();
  if (!numbers) {
    const graph::Tensor tensor = graph::evaluate_constant(graph, value);
    require_finite(tensor.values);
    const auto computed = std::make_shared<const std::vector<float>>(tensor.values.begin(), tensor.values.end());
    numbers = {computed, computed->data()};
  }
  return numbers;
}

Place Builder::constant(Value value) {
  const Place place{-1, numbers_of(value).get(), 0};
  if (!kept_.insert(value).second) return place;
  program_->owners.push_back(constants_[value]);
  if (!is_float_constant(graph[value]))
    program_->packed[place.fixed] = static_cast<std::size_t>(graph::element_count(graph.shape(value))) * sizeof(float);
  return place;
}

void Builder::give_up_weights(Value value) const {
  const auto pack = whole_packs_.find(value);
  if (pack == whole_packs_.end() || kept_.count(value) > 0) return;
  graph[value].constant.weights->give_up(
      [pack = pack->second](float* numbers) { kernels::unpack_weights(pack.numbers.get(), pack.places, numbers); });
}

std::shared_ptr<float> Builder::new_pack(std::size_t numbers) {
  return pieces_.returnable_piece(numbers * sizeof(float));
}

Place Builder::owned(const std::shared_ptr<const float>& memory, std::size_t bytes) {
  program_->owners.push_back(memory);
  program_->packed[memory.get()] = bytes;
  return {-1, memory.get(), 0};
}

Place Builder::packed(Value value, const std::string& name, std::size_t numbers, const Pack& pack) {
  const auto known = packed_.find({value, name});
  if (known != packed_.end()) return known->second;
  const std::shared_ptr<float> memory = new_pack(numbers);
  pack(numbers_of(value).get(), memory.get());
  return packed_[{value, name}] = owned(memory, numbers * sizeof(float));
}

/// Tells an order apart; nothing where only oneDNN knows it.
std::optional<graph::Integers> Builder::order_of(const PackedWeights& weights) const {
  if (!is_blocked(weights.order)) return std::nullopt;
  const Blocking blocking = blocking_of(weights.order);
  graph::Integers all{weights.turned ? 1 : 0, weights.groups, weights.elements,
                      static_cast<std::int64_t>(type_of(weights.order))};
  const auto add_all = [&all](const auto& numbers) {
    all.push_back(static_cast<std::int64_t>(numbers.size()));
    for (const auto number : numbers) all.push_back(static_cast<std::int64_t>(number));
  };
  add_all(graph.shape(weights.value));
  add_all(dims_of(weights.order));
  add_all(blocking.strides);
  add_all(blocking.block_sizes);
  add_all(blocking.block_dimensions);
  return all;
}

Fingerprint Builder::fingerprint(Value value, const graph::Integers& order) {
  auto known = fingerprints_.find(value);
  if (known == fingerprints_.end()) {
    const std::size_t bytes = static_cast<std::size_t>(graph::element_count(graph.shape(value))) * sizeof(float);
    const std::vector<double>& scales = scales_of(value);
    known = fingerprints_.try_emplace(value).first;
    known->second.add(numbers_of(plain_weights(value)).get(), bytes);
    known->second.add(scales.data(), scales.size() * sizeof(double));
  }
  Fingerprint all = known->second;
  all.add("packed weights 1");  // another name where the packing changes
  for (const std::int64_t number : order) all.add(static_cast<std::uint64_t>(number));
  return all;
}

std::shared_ptr<const float> Builder::kept_or_new(const PackedWeights& weights, std::size_t numbers,
                                                  const PackParts& pack) {
  const std::size_t bytes = numbers * sizeof(float);
  const Value plain = plain_weights(weights.value);
  const graph::Weights* const shared = graph[plain].constant.weights.get();
  const auto order = order_of(weights);
  graph::Weights::Key key = order.value_or(graph::Weights::Key{});
  for (const double scale : scales_of(weights.value)) {
    key.emplace_back();
    std::memcpy(&key.back(), &scale, sizeof scale);
  }
  std::shared_ptr<const float> known = order && shared ? shared->packed(key) : nullptr;
  std::optional<Fingerprint> name;
  if (!known && order && files_.take(bytes)) {
    name = fingerprint(weights.value, *order);
    known = files_.find(*name, bytes);
    if (known && shared) shared->keep(key, known);
  }
  if (known) return known;
  const std::shared_ptr<float> memory = new_pack(numbers);
  Packings& packings = packings_[plain];
  packings.numbers = numbers_of(plain);
  packings.all.push_back({pack(packings.numbers.get(), scales_of(weights.value), memory.get()), [=, files = &files_] {
                            if (name) files->keep(*name, memory.get(), bytes);
                            if (order && shared) shared->keep(key, memory);
                          }});
  return memory;
}

std::shared_ptr<const float> Builder::once(const PackedWeights& weights, std::size_t numbers, const PackParts& pack) {
  for (const auto& [known, memory] : packed_weights_[weights.value])
    if (known == weights) return memory;
  const auto memory = kept_or_new(weights, numbers, pack);
  owned(memory, numbers * sizeof(float));
  packed_weights_[weights.value].emplace_back(weights, memory);
  return memory;
}

Value Builder::plain_weights(Value value) const {
  return has_scaled_rows(graph, graph[value]) ? graph[value].inputs[0] : value;
}

const std::vector<double>& Builder::scales_of(Value value) {
  const auto [found, is_new] = scales_.try_emplace(value);
  if (is_new && has_scaled_rows(graph, graph[value])) {
    found->second = graph::evaluate_constant(graph, graph[value].inputs[1]).values;
    require_finite(found->second);
  }
  return found->second;
}

Place Builder::channel_row(Value value, Layout layout) {
  const std::int64_t channels = graph::element_count(graph.shape(value));
  const std::int64_t padded = (channels + layout.block - 1) / layout.block * layout.block;
  return packed(
      value, "row" + std::to_string(padded), static_cast<std::size_t>(padded),
      [&](const float* from, float* to) { std::fill(std::copy(from, from + channels, to), to + padded, 0.0F); });
}

Place Builder::weights(Value value, std::int64_t groups, bool turned, const dnnl::memory::desc& wanted) {
  const auto places = weight_places(wanted, groups, turned);
  const auto pack = [=](const float* from, const std::vector<double>& scales, float* to) -> kernels::Parts {
    if (places) return kernels::pack_weights(from, *places, scales, to);
    // In an order that oneDNN alone knows.
    return {
        1, [=](std::int64_t) {
          const dnnl::memory::desc plain = row_major(wanted);
          std::vector<float> numbers(plain.get_size() / sizeof(float));
          kernels::do_all(kernels::pack_weights(from, *weight_places(plain, groups, turned), scales, numbers.data()));
          dnnl::memory source(plain, cpu(), numbers.data()), target(wanted, cpu(), to);
          dnnl::stream stream(cpu());
          dnnl::reorder(source, target).execute(stream, source, target);
          stream.wait();
        }};
  };
  const auto memory =
      once({value, turned, groups, 0, wanted}, (wanted.get_size() + sizeof(float) - 1) / sizeof(float), pack);
  if (places && graph[value].constant.weights) whole_packs_[value] = {memory, *places};
  return {-1, memory.get(), 0};
}

std::optional<Place> Builder::winograd_weights(Value value, bool turned, std::int64_t elements,
                                               const dnnl::memory::desc& matrix) {
  const auto places = places_of(matrix);
  const auto step = static_cast<std::int64_t>(matrix.get_size() / sizeof(float));
  if (!places || graph::element_count(dims_of(matrix)) != step) return std::nullopt;  // or channels are filled up
  kernels::WinogradPlaces in_pack{{}, places->at(turned ? 1 : 2), places->at(turned ? 2 : 1)};
  for (std::int64_t element = 0; element < elements; ++element) in_pack.elements.push_back(element * step);
  const auto memory = once({value, turned, 1, elements, matrix}, static_cast<std::size_t>(elements * step),
                           [=](const float* from, const std::vector<double>& scales, float* to) {
                             return kernels::transform_weights(from, in_pack, scales, turned, to);
                           });
  return Place{-1, memory.get(), 0};
}

const WinogradConvolution& Builder::winograd_convolution(const Shape& x, const Shape& y, std::int64_t tile_size) {
  const auto key = std::make_tuple(x, y, tile_size);
  const auto known = winograd_convolutions_.find(key);
  return known != winograd_convolutions_.end() ? known->second
                                               : winograd_convolutions_.try_emplace(key, x, y, tile_size).first->second;
}

}  // namespace whycam::onednn
