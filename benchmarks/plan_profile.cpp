// Where a compiled explanation's time goes: for each section of the plan its share of the whole, the share of each kind
// of step in it, and its most expensive steps. Single steps are timed, so what threads wait for each other between
// steps is not in it.
#include <whycam/whycam.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "backends/onednn/plan.h"
#include "explain/explanation_graph.h"
#include "explain/network_file.h"

namespace {

using Seconds = std::map<std::string, double>;

/// An input is given anew each time, since its memory is used for other things once it has been read.
Seconds measured(whycam::backends::Run& run, int section, const std::string& input, const std::vector<float>& numbers) {
  Seconds ignored, seconds;  // the first round warms up
  for (int round = 0; round < 20; ++round) {
    run.set(section, input, numbers.data());
    run.run_measured(section, round == 0 ? ignored : seconds);
  }
  return seconds;
}

double total(const Seconds& seconds) {
  double sum = 0;
  for (const auto& [what, time] : seconds) sum += time;
  return sum;
}

void print(const char* title, const Seconds& seconds, double whole, std::size_t most) {
  std::vector<std::pair<double, std::string>> sorted;
  for (const auto& [what, time] : seconds) sorted.emplace_back(100 * time / whole, what);
  std::sort(sorted.rbegin(), sorted.rend());
  sorted.resize(std::min(sorted.size(), most));
  std::printf("  %s\n", title);
  for (const auto& [share, what] : sorted) std::printf("    %5.1f %%  %s\n", share, what.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr,
                 "usage: plan_profile NETWORK LAYER BATCH [PRECISION [METHOD ...]]   (inputs of 3 x 224 x 224)\n");
    return 2;
  }
  whycam::Options options;
  if (argc > 4) options.precision = whycam::precision_named(argv[4]);
  if (argc > 5) options.methods.clear();
  for (int i = 5; i < argc; ++i) options.methods.push_back(whycam::method_named(argv[i]));
  const auto settings = whycam::methods::settings_of(options, {argv[2]});
  const auto file = whycam::explain::read_network_file(std::string(argv[1]));
  const whycam::graph::Shape shape{std::stoll(argv[3]), 3, 224, 224};
  const std::string name = whycam::graph::input_name(0);
  const auto forward = whycam::explain::forward_of(*file, {{name, shape}}, 1, 0, settings.layer_names, false);
  const auto graph = whycam::graph::optimise(whycam::explain::explanation_graph(forward, settings).graph);
  const whycam::onednn::Plan plan(graph, options.precision);
  const auto run = plan.start();

  std::vector<float> input(static_cast<std::size_t>(whycam::graph::element_count(shape)));
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::generate(input.begin(), input.end(), [&] { return normal(random); });
  // Of one class, as explanations have it: what reads it may be the faster for all the zeros.
  const whycam::graph::Shape& output = graph.shape(graph.output("output"));
  std::vector<float> gradient(static_cast<std::size_t>(whycam::graph::element_count(output)), 0);
  const std::size_t of_an_example = gradient.size() / static_cast<std::size_t>(output[0]);
  for (std::size_t i = of_an_example / 2; i < gradient.size(); i += of_an_example) gradient[i] = 1;
  const Seconds of_forward = measured(*run, 0, name, input);
  const Seconds sections[] = {of_forward, measured(*run, 1, "output_gradient", gradient)};
  const double whole = total(sections[0]) + total(sections[1]);
  for (int section = 0; section < 2; ++section) {
    Seconds kinds;
    for (const auto& [what, time] : sections[section]) kinds[what.substr(0, what.find(' '))] += time;
    std::printf("section %d: %.1f %%\n", section, 100 * total(sections[section]) / whole);
    print("kinds of steps", kinds, whole, kinds.size());
    print("steps", sections[section], whole, 15);
  }
}
