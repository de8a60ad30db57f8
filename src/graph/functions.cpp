#include "graph/functions.h"

#include <algorithm>
#include <cmath>

namespace whycam::graph {
namespace {

constexpr double pi = 3.14159265358979323846;

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x))); }
double normal_cumulative(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }
double normal_density(double x) { return std::exp(-0.5 * x * x) / std::sqrt(2 * pi); }
double gelu_argument(double x) { return std::sqrt(2 / pi) * (x + 0.044715 * x * x * x); }
double at_least(double x, double bound) { return x < bound ? bound : x; }  // lets NaN through, as PyTorch does
double clip(double x, double low, double high) {
  x = at_least(x, low);
  return x > high ? high : x;
}

double gelu_tanh_derivative(double x) {
  const double t = std::tanh(gelu_argument(x));
  return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * std::sqrt(2 / pi) * (1 + 3 * 0.044715 * x * x);
}
double mish_derivative(double x) {
  const double t = std::tanh(softplus(x));
  return t + x * (1 - t * t) * sigmoid(x);
}

#define ARGUMENTS [[maybe_unused]] double x, [[maybe_unused]] double a, [[maybe_unused]] double b
#define FUNCTION(name, value, derivative) \
  {#name, [](ARGUMENTS) -> double { return value; }, [](ARGUMENTS) -> double { return derivative; }},
constexpr FunctionRecord records[] = {
#include "graph/functions.def"
};
#undef FUNCTION
#undef ARGUMENTS

}  // namespace

const FunctionRecord& record(Function function) { return records[static_cast<std::size_t>(function)]; }

}  // namespace whycam::graph
