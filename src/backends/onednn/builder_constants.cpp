// Constants on their way into a plan: in the orders that operations want.
#include <algorithm>
#include <cmath>

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

/// Empty where a value is none. What the evaluator computes would be the same, but copies the weights in double
/// precision.
std::optional<ScaledRows> scaled_rows(const graph::Graph& graph, const Node& node) {
  if (node.op != Operator::multiply || node.fused.relu) return std::nullopt;
  const Node &weights = graph[node.inputs[0]], &factor = graph[node.inputs[1]];
  if (weights.op != Operator::constant || !weights.constant.floats || weights.shape != node.shape || node.shape.empty())
    return std::nullopt;
  const std::int64_t rows = node.shape[0];
  if (factor.shape.size() != node.shape.size() || factor.shape[0] != rows || graph::element_count(factor.shape) != rows)
    return std::nullopt;
  const graph::Tensor scales = graph::evaluate_constant(graph, node.inputs[1]);
  require_finite(scales.values);
  return ScaledRows{weights.constant.floats, scales.values};
}

/// Where weights go in an order of oneDNN's.
std::optional<kernels::WeightPlaces> weight_places(const dnnl::memory::desc& wanted, std::int64_t groups, bool turned) {
  auto places = places_of(wanted);
  if (!places) return std::nullopt;
  const graph::Integers of_group = groups > 1 ? places->front() : graph::Integers{0};
  if (groups > 1) places->erase(places->begin());
  const graph::Integers &of_row = places->at(turned ? 1 : 0), &of_column = places->at(turned ? 0 : 1);
  kernels::WeightPlaces result{{}, of_column, {0}, static_cast<std::int64_t>(wanted.get_size() / sizeof(float))};
  for (const std::int64_t group : of_group)
    for (const std::int64_t row : of_row) result.rows.push_back(group + row);
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

const float* Builder::numbers_of(Value value) {
  const Node& node = graph[value];
  if (node.op == Operator::constant && node.constant.floats) return node.constant.floats;
  auto& numbers = constants_[value];
  if (!numbers) {
    const graph::Tensor tensor = graph::evaluate_constant(graph, value);
    require_finite(tensor.values);
    numbers = std::make_shared<const std::vector<float>>(tensor.values.begin(), tensor.values.end());
  }
  return numbers->data();
}

Place Builder::constant(Value value) {
  const Place place{-1, numbers_of(value), 0};
  if (graph[value].op == Operator::constant && graph[value].constant.floats) {
    program_->owners.push_back(graph[value].constant.owner);
  } else if (kept_.insert(value).second) {
    program_->owners.push_back(constants_[value]);
    program_->packed_bytes += constants_[value]->size() * sizeof(float);
  }
  return place;
}

Place Builder::new_pack(std::size_t numbers, const std::function<void(float* to)>& pack) {
  const std::size_t bytes = numbers * sizeof(float);
  const std::shared_ptr<float> memory = pieces_.piece(bytes);
  pack(memory.get());
  return owned(memory, bytes);
}

Place Builder::owned(const std::shared_ptr<const float>& memory, std::size_t bytes) {
  program_->owners.push_back(memory);
  program_->packed_bytes += bytes;
  return {-1, memory.get(), 0};
}

Place Builder::packed(Value value, const std::string& name, std::size_t numbers, const Pack& pack) {
  const auto known = packed_.find({value, name});
  if (known != packed_.end()) return known->second;
  return packed_[{value, name}] = new_pack(numbers, [&](float* to) { pack(numbers_of(value), to); });
}

Place Builder::once(const PackedWeights& order, std::size_t numbers, const std::function<void(float* to)>& pack) {
  for (const auto& [known, place] : packed_weights_[order.value])
    if (known == order) return place;
  const std::size_t bytes = numbers * sizeof(float);
  const auto key = files_.take(bytes) ? fingerprint(order) : std::nullopt;
  const std::shared_ptr<const float> kept = key ? files_.find(*key, bytes) : nullptr;
  const Place place = kept ? owned(kept, bytes) : new_pack(numbers, pack);
  if (key && !kept) files_.keep(*key, place.fixed, bytes);
  packed_weights_[order.value].emplace_back(order, place);
  return place;
}

std::optional<Fingerprint> Builder::fingerprint(const PackedWeights& weights) {
  if (!is_blocked(weights.order)) return std::nullopt;
  auto known = fingerprints_.find(weights.value);
  if (known == fingerprints_.end()) {
    const std::size_t bytes =
        static_cast<std::size_t>(graph::element_count(graph.shape(weights.value))) * sizeof(float);
    const ScaledRows rows = rows_of(weights.value);
    known = fingerprints_.try_emplace(weights.value).first;
    known->second.add(rows.numbers, bytes);
    known->second.add(rows.scales.data(), rows.scales.size() * sizeof(double));
  }
  Fingerprint all = known->second;
  all.add("packed weights 1");  // another name where the packing changes
  const auto add_all = [&all](const auto& numbers) {
    all.add(numbers.size());
    for (const auto number : numbers) all.add(static_cast<std::uint64_t>(number));
  };
  const Blocking blocking = blocking_of(weights.order);
  add_all(graph::Integers{weights.turned ? 1 : 0, weights.groups, weights.elements,
                          static_cast<int>(type_of(weights.order))});
  add_all(graph.shape(weights.value));
  add_all(dims_of(weights.order));
  add_all(blocking.strides);
  add_all(blocking.block_sizes);
  add_all(blocking.block_dimensions);
  return all;
}

ScaledRows Builder::rows_of(Value value) {
  auto rows = scaled_rows(graph, graph[value]);
  return rows ? std::move(*rows) : ScaledRows{numbers_of(value), {}};
}

Place Builder::channel_row(Value value, Layout layout) {
  const std::int64_t channels = graph::element_count(graph.shape(value));
  const std::int64_t padded = (channels + layout.block - 1) / layout.block * layout.block;
  return packed(
      value, "row" + std::to_string(padded), static_cast<std::size_t>(padded),
      [&](const float* from, float* to) { std::fill(std::copy(from, from + channels, to), to + padded, 0.0F); });
}

Place Builder::weights(Value value, std::int64_t groups, bool turned, const dnnl::memory::desc& wanted) {
  return once({value, turned, groups, 0, wanted}, (wanted.get_size() + sizeof(float) - 1) / sizeof(float),
              [&](float* to) {
                const ScaledRows rows = rows_of(value);
                if (const auto places = weight_places(wanted, groups, turned))
                  return kernels::pack_weights(rows.numbers, *places, rows.scales, to);
                // In an order that oneDNN alone knows.
                const dnnl::memory::desc plain = row_major(wanted);
                std::vector<float> numbers(plain.get_size() / sizeof(float));
                kernels::pack_weights(rows.numbers, *weight_places(plain, groups, turned), rows.scales, numbers.data());
                dnnl::memory source(plain, cpu(), numbers.data()), target(wanted, cpu(), to);
                dnnl::stream stream(cpu());
                dnnl::reorder(source, target).execute(stream, source, target);
                stream.wait();
              });
}

std::optional<Place> Builder::winograd_weights(Value value, bool turned, std::int64_t elements,
                                               const dnnl::memory::desc& matrix) {
  const auto places = places_of(matrix);
  if (!places) return std::nullopt;
  const auto step = static_cast<std::int64_t>(matrix.get_size() / sizeof(float));
  return once({value, turned, 1, elements, matrix}, static_cast<std::size_t>(elements * step), [&](float* to) {
    const ScaledRows rows = rows_of(value);
    kernels::WinogradPlaces in_pack{{}, places->at(turned ? 1 : 2), places->at(turned ? 2 : 1), elements * step};
    for (std::int64_t element = 0; element < elements; ++element) in_pack.elements.push_back(element * step);
    kernels::transform_weights(rows.numbers, in_pack, rows.scales, turned, to);
  });
}

}  // namespace whycam::onednn
