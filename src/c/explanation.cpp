#include <algorithm>
#include <cstring>
#include <numeric>

#include "c/failure.h"
#include "c/objects.h"

namespace whycam::c {
namespace {

/// Each example's class of a rank among its scores.
Target best_of(const Tensor& output, std::size_t rank) {
  if (output.shape.size() != 2)
    throw TargetError("the best class is of an output N x K; this one has " + std::to_string(output.shape.size()) +
                      " dimensions: name the target");
  const auto examples = static_cast<std::size_t>(output.shape[0]), classes = static_cast<std::size_t>(output.shape[1]);
  if (rank >= classes)
    throw TargetError("there is no class of rank " + std::to_string(rank) + " among " + std::to_string(classes));
  std::vector<std::int64_t> best;
  for (std::size_t example = 0; example < examples; ++example) {
    const float* scores = output.values.data() + example * classes;
    std::vector<std::int64_t> order(classes);
    std::iota(order.begin(), order.end(), std::int64_t{0});
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return scores[a] > scores[b]; });
    best.push_back(order[rank]);
  }
  return Target::per_example(std::move(best));
}

std::vector<Tensor> inputs_of(const whycam_tensor* inputs, std::size_t count) {
  std::vector<Tensor> tensors;
  for (std::size_t i = 0; i < count; ++i) tensors.push_back(tensor_of((&required(inputs, "inputs"))[i]));
  return tensors;
}

std::string layer_of(const Network& network, const std::vector<Shape>& shapes, const char* layer,
                     const Options& options) {
  const bool is_needed = std::any_of(options.methods.begin(), options.methods.end(), needs_layer);
  if (!is_needed || (layer && *layer)) return layer ? layer : "";
  return network.default_layer(shapes, options.output_element);
}

const Network::TargetExplanation& target_of(const whycam_explanation* explanation, std::size_t target) {
  const auto& targets = required(explanation, "explanation").explanation.targets;
  require_index(target, targets.size(), "target");
  return targets[target];
}

/// Throws ArgumentError for a name of no method.
Method known_method(const char* name) {
  try {
    return method_named(&required(name, "method"));
  } catch (const InputError& error) {
    throw ArgumentError(error.what());
  }
}

void give_numbers(const std::vector<float>& numbers, const float** into, std::size_t* count) {
  required(into, "numbers") = numbers.data();
  required(count, "count") = numbers.size();
}

}  // namespace
}  // namespace whycam::c

using namespace whycam;

whycam_status whycam_explain(const whycam_network* network, const whycam_tensor* inputs, size_t input_count,
                             const char* layer, const whycam_target* const* targets, size_t target_count,
                             const whycam_options* options, whycam_explanation** explanation) {
  return c::guarded([&] {
    whycam_explanation*& result = c::required(explanation, "explanation");
    const Network& explained = c::required(network, "network").network;
    const Options chosen = options ? options->options : Options();
    const std::vector<Tensor> tensors = c::inputs_of(inputs, input_count);
    const auto choose = [&](const Tensor& output) {
      std::vector<Target> all;
      for (std::size_t i = 0; i < target_count; ++i) {
        const whycam_target& target = c::required((&c::required(targets, "targets"))[i], "target");
        all.push_back(target.rank ? c::best_of(output, *target.rank) : target.target);
      }
      return all;
    };
    std::vector<Shape> shapes;
    for (const Tensor& tensor : tensors) shapes.push_back(tensor.shape);
    const std::string at = c::layer_of(explained, shapes, layer, chosen);
    result = new whycam_explanation{explained.explain(tensors, at, choose, chosen), at};
  });
}

whycam_status whycam_prepare(const whycam_network* network, const whycam_tensor* inputs, size_t input_count,
                             const char* layer, const whycam_options* options) {
  return c::guarded([&] {
    const Network& prepared = c::required(network, "network").network;
    const Options chosen = options ? options->options : Options();
    std::vector<Shape> shapes;
    for (std::size_t i = 0; i < input_count; ++i) shapes.push_back(c::shape_of((&c::required(inputs, "inputs"))[i]));
    prepared.prepare(shapes, {c::layer_of(prepared, shapes, layer, chosen)}, chosen);
  });
}

void whycam_limit_plan_memory(uint64_t bytes) { limit_plan_memory(bytes); }

whycam_status whycam_set_plan_cache(const char* folder) {
  return c::guarded([&] { set_plan_cache(folder ? folder : ""); });
}

void whycam_explanation_free(whycam_explanation* explanation) { delete explanation; }

whycam_status whycam_explanation_output(const whycam_explanation* explanation, whycam_tensor* output) {
  return c::guarded(
      [&] { c::fill(output, c::view_of(c::required(explanation, "explanation").explanation.output), "output"); });
}

const char* whycam_explanation_layer(const whycam_explanation* explanation) {
  return explanation ? explanation->layer.c_str() : "";
}

whycam_status whycam_explanation_scores(const whycam_explanation* explanation, size_t target, const float** scores,
                                        size_t* count) {
  return c::guarded([&] { c::give_numbers(c::target_of(explanation, target).scores, scores, count); });
}

whycam_status whycam_explanation_attributions(const whycam_explanation* explanation, size_t target, const char* method,
                                              size_t input, whycam_tensor* attributions) {
  return c::guarded([&] {
    const auto& all = c::target_of(explanation, target).attributions(c::known_method(method));
    c::require_index(input, all.size(), "input");
    c::fill(attributions, c::view_of(all[input]), "attributions");
  });
}

whycam_status whycam_explanation_heat_map(const whycam_explanation* explanation, size_t target, const char* method,
                                          whycam_tensor* heat_map) {
  return c::guarded([&] {
    const auto& layers = c::target_of(explanation, target).layers;
    const Method wanted = c::known_method(method);
    if (layers.empty() || !layers[0].heat_maps.count(wanted))
      throw InputError(std::string("the explanation has no heat map of ") + title(wanted) +
                       "; name it among the methods");
    c::fill(heat_map, c::view_of(layers[0].heat_maps.at(wanted).at(0)), "heat_map");
  });
}

whycam_status whycam_explanation_completeness_error(const whycam_explanation* explanation, size_t target,
                                                    const float** errors, size_t* count) {
  return c::guarded([&] { c::give_numbers(c::target_of(explanation, target).completeness_error, errors, count); });
}

int64_t whycam_explanation_relus_guided(const whycam_explanation* explanation) {
  return explanation ? explanation->explanation.activations.relus_guided : 0;
}

const char* whycam_explanation_engine(const whycam_explanation* explanation) {
  return explanation ? explanation->explanation.engine.c_str() : "";
}

const char* whycam_explanation_warning(const whycam_explanation* explanation, size_t index) {
  if (!explanation || index >= explanation->explanation.warnings.size()) return nullptr;
  return explanation->explanation.warnings[index].c_str();
}
