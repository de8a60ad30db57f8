// An explanation beside the floor under it: its convolutions alone, forward and backward, each by the best that oneDNN
// has for its direct algorithm (backward also as a convolution of turned weights), several times in a row with memory
// of its own. floor_race NETWORK.onnx|.pt2 [BATCH] [PRECISION] [ROUNDS]; with `fast` all backward convolutions of the
// floor are in bfloat16, where the processor multiplies that. Of each the best of a few runs, in turns; prints the
// ratio of the medians, and how the floor is divided. Winograd's algorithm and loops that leave zeros out can be below
// this floor; whatever is no convolution is above it.
#include <whycam/whycam.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "backends/onednn/convolutions.h"
#include "backends/onednn/plan.h"
#include "explain/explanation_graph.h"
#include "explain/network_file.h"
#include "explain/network_state.h"
#include "race.h"

namespace {

using whycam::onednn::grouped;
using whycam::onednn::Operation;

/// The best of a few runs, in seconds.
double best_of(const std::function<void()>& work) {
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < 5; ++i) best = std::min(best, whycam::race::seconds(work));
  return best;
}

/// One of oneDNN's primitives with memory of its own.
class Primitive {
 public:
  explicit Primitive(const Operation& operation) : primitive_(operation.make()) {
    add(DNNL_ARG_WEIGHTS, operation.weights);
    if (operation.scratch > 0)
      add(DNNL_ARG_SCRATCHPAD, dnnl::memory::desc({static_cast<std::int64_t>(operation.scratch)},
                                                  dnnl::memory::data_type::u8, dnnl::memory::format_tag::a));
  }
  void add(int name, const dnnl::memory::desc& description) {
    dnnl::memory memory(description, whycam::onednn::cpu());
    std::fill_n(static_cast<char*>(memory.get_data_handle()), description.get_size(), '\0');
    arguments_.emplace(name, memory);
  }
  void run() {
    primitive_.execute(stream_, arguments_);
    stream_.wait();
  }

 private:
  dnnl::primitive primitive_;
  dnnl::stream stream_{whycam::onednn::cpu()};
  std::unordered_map<int, dnnl::memory> arguments_;
};

std::unique_ptr<Primitive> primitive(const Operation& operation, int source, int destination) {
  auto made = std::make_unique<Primitive>(operation);
  made->add(source, operation.source);
  made->add(destination, operation.destination);
  return made;
}

/// A convolution, as often as the network has it.
struct Convolution {
  std::unique_ptr<Primitive> forward, backward, turned;  ///< turned: or null
  int count = 0;
};

std::vector<Convolution> convolutions_of(const whycam::graph::Graph& graph, whycam::Precision precision) {
  using whycam::onednn::Type;
  const bool rounds = precision == whycam::Precision::fast && whycam::onednn::multiplies_bfloat16();
  const Type type = rounds ? Type::bf16 : Type::f32;
  std::map<std::string, Convolution> all;
  for (whycam::graph::Value value = 0; value < graph.size(); ++value) {
    const whycam::graph::Node& node = graph[value];
    if (node.op != whycam::graph::Operator::convolution) continue;
    const auto& attributes = node.as<whycam::graph::ConvolutionAttributes>();
    const auto &x = graph.shape(node.inputs[0]), &y = node.shape;
    const auto &plain = graph.shape(node.inputs[1]), weights = grouped(plain, attributes.groups);
    std::string key = std::to_string(attributes.groups);
    for (const whycam::graph::Integers& numbers :
         {x, weights, y, attributes.strides, attributes.padding_begin, attributes.dilation})
      key += ' ' + whycam::graph::to_string(numbers);
    Convolution& one = all[key];
    if (one.count++ > 0) continue;
    const auto order = whycam::onednn::Order::best;
    one.forward = primitive(convolution(x, weights, y, attributes, false, {}, order), DNNL_ARG_SRC, DNNL_ARG_DST);
    one.backward =
        primitive(convolution_transpose(y, weights, x, attributes, order, type), DNNL_ARG_DIFF_DST, DNNL_ARG_DIFF_SRC);
    if (!whycam::onednn::is_a_convolution(plain, attributes)) continue;
    const auto turned = grouped(whycam::onednn::turned_shape(plain, attributes.groups), attributes.groups);
    one.turned = primitive(convolution(y, turned, x, whycam::onednn::turned(plain, attributes), false, {}, order, type),
                           DNNL_ARG_SRC, DNNL_ARG_DST);
  }
  std::vector<Convolution> list;
  for (auto& [key, one] : all) list.push_back(std::move(one));
  return list;
}

double forward_floor(const std::vector<Convolution>& convolutions) {
  double sum = 0;
  for (const Convolution& one : convolutions) sum += one.count * best_of([&] { one.forward->run(); });
  return sum;
}

double backward_floor(const std::vector<Convolution>& convolutions) {
  double sum = 0;
  for (const Convolution& one : convolutions) {
    const double backward = best_of([&] { one.backward->run(); });
    sum += one.count * (one.turned ? std::min(backward, best_of([&] { one.turned->run(); })) : backward);
  }
  return sum;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: floor_race NETWORK [BATCH] [PRECISION] [ROUNDS]   (inputs of 3 x 224 x 224)\n");
    return 2;
  }
  const std::int64_t batch = argc > 2 ? std::stoll(argv[2]) : 1;
  whycam::Options options;
  if (argc > 3) options.precision = whycam::precision_named(argv[3]);
  const int rounds = argc > 4 ? std::max(1, std::stoi(argv[4])) : 5;
  const std::vector<whycam::Tensor> inputs{whycam::race::noise(batch)};
  const auto file = whycam::explain::read_network_file(std::string(argv[1]));
  const whycam::Network network(whycam::explain::graph_state(file));
  const std::string layer = network.default_layer({inputs[0].shape});
  const auto explain = [&] { network.explain(inputs, layer, {whycam::Target(3)}, options); };
  explain();

  const auto forward =
      whycam::explain::forward_of(*file, {{whycam::graph::input_name(0), inputs[0].shape}}, 1, 0, {layer}, false);
  const std::vector<Convolution> convolutions = convolutions_of(forward.graph, options.precision);
  std::vector<double> explanations, forwards, backwards;
  for (int round = 0; round < rounds; ++round) {
    forwards.push_back(forward_floor(convolutions));
    backwards.push_back(backward_floor(convolutions));
    explanations.push_back(best_of(explain));
  }
  using whycam::race::median;
  const double floor = median(forwards) + median(backwards);
  std::printf("explanation / convolutions alone = %.2f   (%.0f %% of the floor is forward)\n",
              median(explanations) / floor, 100 * median(forwards) / floor);
}
