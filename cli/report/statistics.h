// What runs have found in a few numbers.
#pragma once

#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "manifest.h"

namespace whycam::cli {

/// The mean and spread of numbers as they come, by Welford's method. Those that are not finite are counted apart.
class Spread {
 public:
  void add(double number);

  std::size_t count() const { return count_; }  ///< of the finite ones
  std::size_t not_finite() const { return not_finite_; }
  double mean() const { return mean_; }
  /// The root of the mean squared difference from the mean.
  double standard_deviation() const;
  double least() const { return least_; }
  double greatest() const { return greatest_; }

 private:
  std::size_t count_ = 0, not_finite_ = 0;
  double mean_ = 0, squares_ = 0, least_ = 0, greatest_ = 0;
};

class Statistics {
 public:
  void add(const ManifestLines& lines);

  /// All of it. Counts of classes come in the order of their size.
  Json document() const;
  /// For people: the twenty most frequent classes, and twenty of the inputs that were skipped.
  std::string text() const;

 private:
  struct Class {
    Json index, label, explained;
    Spread scores;
  };
  std::vector<const Class*> by_count() const;

  std::size_t explained_ = 0, explanations_ = 0;
  std::vector<Json> skipped_;
  Spread scores_, probabilities_;
  std::map<std::string, Class> classes_;
};

}  // namespace whycam::cli
