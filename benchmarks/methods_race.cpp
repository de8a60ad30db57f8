// What all heat maps cost beside Grad-CAM alone: methods_race NETWORK [BATCH] [ROUNDS]. They share a forward and a
// backward pass; each must be what its method gives by itself, which comes first.
#include "race.h"

int main(int argc, char** argv) {
  const whycam::race::Arguments arguments = whycam::race::arguments(argc, argv);
  const whycam::Network network = whycam::Network::load(arguments.network);
  const whycam::Tensor input = whycam::race::noise(arguments.batch);
  const std::string layer = network.default_layer({input.shape});
  whycam::Options one, all;
  one.methods = {whycam::Method::grad_cam};
  all.methods.clear();
  for (const whycam::Method method : whycam::all_methods())
    if (whycam::is_heat_map(method)) all.methods.push_back(method);
  const auto explain = [&](const whycam::Options& options) {
    return network.explain({input}, layer, {whycam::Target(3)}, options).targets[0];
  };
  const auto together = explain(all);
  for (const whycam::Method method : all.methods) {
    whycam::Options alone;
    alone.methods = {method};
    const double apart = whycam::race::apart(together.attributions(method)[0], explain(alone).attributions(method)[0]);
    if (apart > 1e-5) {  // sums in another order
      std::cerr << to_string(method) << " is another map beside others than by itself: apart by " << apart << '\n';
      return 1;
    }
  }
  std::cout << all.methods.size() << " heat maps take "
            << whycam::race::ratio(
                   arguments.rounds, [&] { explain(one); }, [&] { explain(all); })
            << " of Grad-CAM alone\n";
}
