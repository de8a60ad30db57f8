// Explaining many inputs, none of which is read from a file or drawn, one after the other with all threads, and several
// at once with the threads shared among them: workers_race NETWORK [BATCH] [ROUNDS]. The answers are proved equal
// first, then the ratios of the times are printed, for 2, 4, ... workers up to one a thread.
#include <thread>

#include "race.h"

namespace {

using whycam::Network;

/// So many explanations of one input by each of the workers, with so many threads each; the last explanation.
Network::Explanation explain(const Network& network, const whycam::Tensor& input, const std::string& layer, int workers,
                             int each, std::size_t threads) {
  whycam::Options options;
  options.threads = threads;
  std::vector<Network::Explanation> last(static_cast<std::size_t>(workers));
  std::vector<std::thread> running;
  for (Network::Explanation& explanation : last)
    running.emplace_back([&] {
      for (int i = 0; i < each; ++i) explanation = network.explain({input}, layer, {whycam::Target(3)}, options);
    });
  for (std::thread& one : running) one.join();
  return last.back();
}

}  // namespace

int main(int argc, char** argv) {
  const whycam::race::Arguments arguments = whycam::race::arguments(argc, argv);
  const char* set = std::getenv("OMP_NUM_THREADS");
  const int threads = set ? std::atoi(set) : static_cast<int>(std::thread::hardware_concurrency());
  const Network network = Network::load(arguments.network);
  const whycam::Tensor input = whycam::race::noise(arguments.batch);
  const std::string layer = network.default_layer({input.shape});
  whycam::limit_plan_memory(std::uint64_t{16} << 30);
  for (int workers = 2; workers <= threads; workers *= 2) {
    const auto alone = [&] {
      return explain(network, input, layer, 1, 4 * workers, static_cast<std::size_t>(threads));
    };
    const auto shared = [&] {
      return explain(network, input, layer, workers, 4, static_cast<std::size_t>(threads / workers));
    };
    const whycam::Method method = whycam::Method::guided_grad_cam;
    const double apart =
        whycam::race::apart(shared().targets[0].attributions(method)[0], alone().targets[0].attributions(method)[0]);
    if (!(apart <= 1e-5)) {
      std::cerr << "the answers differ by " << apart << ": there is nothing to race\n";
      return 1;
    }
    const auto start = std::chrono::steady_clock::now();
    shared();
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    const double examples = 4.0 * workers * static_cast<double>(arguments.batch);
    std::cout << workers << " workers explain " << examples / seconds.count() << " examples per second and take "
              << whycam::race::ratio(arguments.rounds, alone, shared) << " of the time of one (answers equal to "
              << apart << ")\n";
  }
}
