#include "whycam/probabilities.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace whycam {

bool are_probabilities(const std::vector<double>& scores) {
  constexpr double rounding = 1e-3;  // half precision's, of 1000 classes
  return scores.size() > 1 && std::all_of(scores.begin(), scores.end(), [](double score) { return score >= 0; }) &&
         std::abs(std::accumulate(scores.begin(), scores.end(), 0.0) - 1) <= rounding;
}

std::vector<double> probabilities(std::vector<double> scores) {
  if (scores.empty() || are_probabilities(scores)) return scores;
  const double largest = *std::max_element(scores.begin(), scores.end());
  double sum = 0;
  for (double& one : scores) sum += one = std::exp(one - largest);
  for (double& one : scores) one /= sum;
  return scores;
}

}  // namespace whycam
