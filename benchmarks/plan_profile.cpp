// Where a compiled explanation's time goes: the share of each kind of step, for each section of the plan.
#include <ATen/Parallel.h>
#include <whycam/whycam.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "backends/onednn/plan.h"
#include "explain/explanation_graph.h"
#include "torch/engine/compiled/lowering.h"

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: plan_profile NETWORK LAYER BATCH [METHOD ...]   (inputs of 3 x 224 x 224)\n");
    return 2;
  }
  at::set_num_threads(2);
  const whycam::Model model = whycam::Model::load(argv[1]);
  whycam::engine::Request request;
  request.inputs = {torch::randn({std::stoi(argv[3]), 3, 224, 224})};
  request.layers = {whycam::Layer(argv[2])};
  request.settings.methods = whycam::AttributeOptions().methods();
  if (argc > 4) request.settings.methods.clear();
  for (int i = 4; i < argc; ++i) request.settings.methods.push_back(whycam::method_named(argv[i]));
  const auto graph = whycam::graph::optimise(
      whycam::explain::explanation_graph(whycam::engine::lower(*model.network(), request), request.settings).graph);
  const whycam::onednn::Plan plan(graph);
  const auto run = plan.start();
  const std::vector<float> seed(
      static_cast<std::size_t>(whycam::graph::element_count(graph.shape(graph.output("output")))), 1.0F);
  for (int section = 0; section < 2; ++section) {
    std::map<std::string, double> seconds;
    for (int round = 0; round < 10; ++round) {
      if (section == 0)
        run->set(0, whycam::graph::input_name(0), request.inputs[0].data_ptr<float>());
      else
        run->set(section, "output_gradient", seed.data());
      std::map<std::string, double> ignored;  // the first round warms up
      run->run_measured(section, round == 0 ? ignored : seconds);
    }
    std::map<std::string, double> kinds;
    double total = 0;
    for (const auto& [what, time] : seconds) {
      kinds[what.substr(0, what.find(' '))] += time;
      total += time;
    }
    std::printf("section %d\n", section);
    for (const auto& [kind, time] : kinds) std::printf("  %5.1f %%  %s\n", 100 * time / total, kind.c_str());
  }
}
