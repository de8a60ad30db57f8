// Explanations of one network in both precisions: precision_race NETWORK [BATCH] [ROUNDS]. How far apart the maps are
// comes first, then the ratio of their times, fast over exact.
#include "race.h"

int main(int argc, char** argv) {
  const whycam::race::Arguments arguments = whycam::race::arguments(argc, argv);
  const whycam::Network network = whycam::Network::load(arguments.network);
  const whycam::Tensor input = whycam::race::noise(arguments.batch);
  const std::string layer = network.default_layer({input.shape});
  whycam::Options exact, fast;
  fast.precision = whycam::Precision::fast;
  const auto explain = [&](const whycam::Options& options) {
    return network.explain({input}, layer, {whycam::Target(3)}, options);
  };
  const auto expected = explain(exact), actual = explain(fast);
  for (const std::string& warning : actual.warnings) std::cout << "warning: " << warning << '\n';
  for (const whycam::Method method : exact.methods)
    std::cout << to_string(method) << " is apart by "
              << whycam::race::apart(actual.targets[0].attributions(method)[0],
                                     expected.targets[0].attributions(method)[0])
              << '\n';
  std::cout << "fast takes "
            << whycam::race::ratio(arguments.rounds, [&] { explain(exact); }, [&] { explain(fast); }) << " of exact\n";
}
