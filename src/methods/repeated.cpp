#include "methods/repeated.h"

#include <cmath>
#include <random>

#include "whycam/errors.h"

namespace whycam::methods {

Quadrature gauss_legendre(std::size_t points) {
  Quadrature rule{std::vector<double>(points), std::vector<double>(points)};
  const auto n = static_cast<double>(points);
  for (std::size_t i = 0; i < points; ++i) {
    // A root of the Legendre polynomial of degree n, by Newton's method from Tricomi's estimate.
    double x = std::cos(std::acos(-1.0) * (static_cast<double>(i) + 0.75) / (n + 0.5)), slope = 1;
    for (int iteration = 0; iteration < 100; ++iteration) {
      double before = 1, value = x;
      for (std::size_t k = 2; k <= points; ++k) {
        const auto degree = static_cast<double>(k);
        const double next = ((2 * degree - 1) * x * value - (degree - 1) * before) / degree;
        before = value;
        value = next;
      }
      slope = n * (x * value - before) / (x * x - 1);
      const double step = value / slope;
      x -= step;
      if (std::abs(step) < 1e-15) break;
    }
    rule.points[i] = (1 - x) / 2;
    rule.weights[i] = 1 / ((1 - x * x) * slope * slope);
  }
  return rule;
}

std::vector<float> noise(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 generator(seed);
  std::normal_distribution<float> normal;
  std::vector<float> numbers(count);
  for (float& number : numbers) number = normal(generator);
  return numbers;
}

void check_repetition(const Options& options) {
  constexpr std::size_t most = 1000000;
  if (options.integration_steps < 1 || options.integration_steps > most)
    throw InputError("integrated gradients take from 1 to " + std::to_string(most) + " steps, not " +
                     std::to_string(options.integration_steps));
  if (!std::isfinite(options.baseline))
    throw InputError("the baseline of integrated gradients is a finite number, not " +
                     std::to_string(options.baseline));
  if (options.smooth > most)
    throw InputError("attributions are smoothed over " + std::to_string(most) + " noisy copies at most, not " +
                     std::to_string(options.smooth));
  if (options.smooth > 0 && !(options.noise > 0 && std::isfinite(options.noise)))
    throw InputError("the noise is a finite number above 0, not " + std::to_string(options.noise));
}

bool is_repeated(const Options& options) {
  return options.smooth > 0 || std::any_of(options.methods.begin(), options.methods.end(), [](Method method) {
           return std::holds_alternative<PathIntegral>(definition(method).kind);
         });
}

}  // namespace whycam::methods
