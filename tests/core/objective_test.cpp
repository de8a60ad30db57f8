// What targets say of an output, against plain formulas; gradients against finite differences.
#include "core/objective.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "whycam/errors.h"

namespace whycam::core {
namespace {

OutputValues random_output(std::vector<std::int64_t> shape, std::optional<std::size_t> class_axis = 1) {
  std::mt19937 generator(7);
  std::normal_distribution<double> normal;
  OutputValues output{std::move(shape), {}, 0, class_axis};
  output.examples = output.shape[0];
  for (std::int64_t i = 0; i < picture::element_count(output.shape); ++i) output.values.push_back(normal(generator));
  return output;
}

/// The gradient is that of the scores' sum: central differences, whose error is below the step squared.
void expect_gradient(const Target& target, OutputValues output) {
  const Objective found = objective(target.terms(), output);
  ASSERT_EQ(found.gradient.size(), output.values.size());
  const auto sum = [&] {
    double total = 0;
    for (const double score : objective(target.terms(), output).scores) total += score;
    return total;
  };
  constexpr double step = 1e-5;
  for (std::size_t i = 0; i < output.values.size(); ++i) {
    const double value = output.values[i];
    output.values[i] = value + step;
    const double above = sum();
    output.values[i] = value - step;
    EXPECT_NEAR(found.gradient[i], (above - sum()) / (2 * step), 1e-7) << target.to_string() << " at " << i;
    output.values[i] = value;
  }
}

TEST(Objective, OfAnIndexIsThatNumber) {
  const OutputValues output = random_output({2, 3});
  const Objective found = objective(Target(2).terms(), output);
  EXPECT_EQ(found.scores, (std::vector<double>{output.values[2], output.values[5]}));
  EXPECT_EQ(found.gradient, (std::vector<double>{0, 0, 1, 0, 0, 1}));
  EXPECT_EQ(objective(Target::per_example({0, 1}).terms(), output).gradient, (std::vector<double>{1, 0, 0, 0, 1, 0}));
}

TEST(Objective, OfWhatSpeaksAgainstHasTheOtherSign) {
  const OutputValues output = random_output({2, 3});
  const Objective found = objective(Target(2).negated().terms(), output);
  EXPECT_EQ(found.scores, (std::vector<double>{-output.values[2], -output.values[5]}));
  EXPECT_EQ(found.gradient, (std::vector<double>{0, 0, -1, 0, 0, -1}));
}

TEST(Objective, OfAComparisonIsTheDifference) {
  const OutputValues output = random_output({1, 3});
  const Objective found = objective(Target(2).minus(0).terms(), output);
  EXPECT_DOUBLE_EQ(found.scores[0], output.values[2] - output.values[0]);
  EXPECT_EQ(found.gradient, (std::vector<double>{-1, 0, 1}));
  EXPECT_EQ(objective(Target(1).minus(1).terms(), output).gradient, (std::vector<double>{0, 0, 0}));
  EXPECT_EQ(objective(Target(2).minus(0).negated().terms(), output).gradient, (std::vector<double>{1, 0, -1}));
}

/// The class's score at each place, whichever axis holds the classes.
double at(const OutputValues& output, std::int64_t example, std::int64_t of_class, std::int64_t y, std::int64_t x) {
  const auto& shape = output.shape;
  const bool last = output.class_axis == 3U;
  const std::int64_t height = shape[last ? 1 : 2], width = shape[last ? 2 : 3], classes = shape[last ? 3 : 1];
  const std::int64_t index = last ? ((example * height + y) * width + x) * classes + of_class
                                  : ((example * classes + of_class) * height + y) * width + x;
  return output.values[static_cast<std::size_t>(index)];
}

TEST(Objective, OverARegionSumsAClassOverItsPlaces) {
  for (const auto& [shape, axis] :
       {std::pair(std::vector<std::int64_t>{2, 3, 4, 5}, 1U), std::pair(std::vector<std::int64_t>{2, 4, 5, 3}, 3U)}) {
    const OutputValues output = random_output(shape, axis);
    picture::Array mask{{4, 5}, std::vector<float>(20, 0.0F)};
    mask.values[7] = mask.values[13] = 2;
    const Objective all = objective(Target(1).over(Region::all()).terms(), output),
                    best = objective(Target(1).over(Region::predicted()).terms(), output),
                    masked = objective(Target(1).over(Region::mask(mask)).terms(), output);
    for (std::int64_t example = 0; example < 2; ++example) {
      double of_all = 0, of_best = 0, of_mask = 0;
      for (std::int64_t y = 0; y < 4; ++y)
        for (std::int64_t x = 0; x < 5; ++x) {
          const double own = at(output, example, 1, y, x);
          of_all += own;
          if (own > at(output, example, 0, y, x) && own > at(output, example, 2, y, x)) of_best += own;
          if (y * 5 + x == 7 || y * 5 + x == 13) of_mask += own;
        }
      EXPECT_NEAR(all.scores[static_cast<std::size_t>(example)], of_all, 1e-12);
      EXPECT_NEAR(best.scores[static_cast<std::size_t>(example)], of_best, 1e-12);
      EXPECT_NEAR(masked.scores[static_cast<std::size_t>(example)], of_mask, 1e-12);
    }
    EXPECT_TRUE(best.warnings.empty());
    for (const Region& region : {Region::all(), Region::predicted(), Region::mask(mask)})
      expect_gradient(Target::per_example({1, 2}).over(region), output);
  }
}

TEST(Objective, OverARegionSaysWhereThereIsNothing) {
  OutputValues output = random_output({1, 2, 2, 2});
  output.values = {1, 1, 1, 1, 0, 0, 0, 0};
  const Objective none = objective(Target(1).over(Region::predicted()).terms(), output);
  EXPECT_EQ(none.gradient, std::vector<double>(8, 0));
  ASSERT_EQ(none.warnings.size(), 1U);
  EXPECT_NE(none.warnings[0].find("class 1 is the best at no place of example 0"), std::string::npos);
  output.class_axis.reset();
  EXPECT_NE(objective(Target(1).over(Region::all()).terms(), output).warnings.at(0).find("was assumed"),
            std::string::npos);
}

TEST(Objective, OfASimilarityIsTheCosine) {
  const OutputValues output = random_output({2, 4});
  const picture::Array one{{4}, {1, -2, 0.5, 3}}, each{{2, 4}, {1, 0, 0, 0, 0.5, 0.5, -1, 2}};
  const Objective found = objective(Target::similarity(one).terms(), output);
  for (std::size_t example = 0; example < 2; ++example) {
    double product = 0, a = 0, b = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const double x = output.values[example * 4 + i], y = one.values[i];
      product += x * y, a += x * x, b += y * y;
    }
    EXPECT_NEAR(found.scores[example], product / std::sqrt(a * b), 1e-12);
  }
  expect_gradient(Target::similarity(one), output);
  expect_gradient(Target::similarity(each).minus(Target::similarity(one)), output);
}

TEST(Objective, OfAFunctionIsWhatItGives) {
  const OutputValues output = random_output({2, 3});
  const Target target = Target::of([](const picture::Array& given) {
    Target::Value value{{0, 0}, {given.shape, {}}};
    for (std::size_t i = 0; i < 6; ++i) {
      value.scores[i / 3] += given.values[i] * given.values[i];
      value.gradient.values.push_back(2 * given.values[i]);
    }
    return value;
  });
  const Objective found = objective(target.negated().terms(), output);
  EXPECT_NEAR(found.gradient[4], -2 * output.values[4], 1e-6) << "in float32";
  EXPECT_THROW(objective(Target::of([](const picture::Array&) { return Target::Value{}; }).terms(), output),
               TargetError);
}

TEST(Objective, OfATargetThatDoesNotFitIsAnError) {
  const OutputValues scores = random_output({2, 3}), dense = random_output({2, 3, 4, 4}),
                     one = random_output({2, 1, 4, 4});
  const auto refused = [](const Target& target, const OutputValues& output) {
    EXPECT_THROW(objective(target.terms(), output), TargetError) << target.to_string();
  };
  refused(Target(1).over(Region::all()), scores);
  refused(Target(3).over(Region::all()), dense);
  refused(Target::at({1, 2}).over(Region::all()), dense);
  refused(Target(0).over(Region::predicted()), one);
  refused(Target(0).over(Region::mask({{4, 5}, std::vector<float>(20, 1)})), dense);
  refused(Target::similarity({{2}, {1, 2}}), scores);
  refused(Target(1), dense);
  EXPECT_THROW(Target::similarity({{2}, {1, 2}}).over(Region::all()), TargetError);
  EXPECT_THROW(Target::similarity({{2}, {0, 0}}), InputError);
  EXPECT_THROW(Target::similarity({{0}, {}}), InputError);
  EXPECT_THROW(Target::similarity({{1}, {NAN}}), InputError);
  EXPECT_THROW(Region::mask({{2}, {1}}), InputError);
  EXPECT_THROW(Region::mask({{1}, {NAN}}), InputError);
}

TEST(Objective, OfOneSqueezedExampleIsARow) {
  EXPECT_EQ(shape_with_examples({5}, 1), (std::vector<std::int64_t>{1, 5}));
  EXPECT_EQ(shape_with_examples({5}, 5), (std::vector<std::int64_t>{5}));
  EXPECT_EQ(shape_with_examples({1}, 1), (std::vector<std::int64_t>{1}));
  EXPECT_EQ(shape_with_examples({1, 5}, 1), (std::vector<std::int64_t>{1, 5}));
}

TEST(TargetText, SaysWhatIsExplained) {
  EXPECT_EQ(Target(3).to_string(), "3");
  EXPECT_EQ(Target(3).over(Region::predicted()).to_string(), "3 over predicted");
  EXPECT_EQ(Target(3).negated().to_string(), "-3");
  EXPECT_EQ(Target(3).minus(5).to_string(), "3 - 5");
  EXPECT_EQ(Target(3).minus(5).over(Region::all()).negated().to_string(), "-3 over all + 5 over all");
  EXPECT_EQ(Target::similarity({{1}, {1}}).to_string(), "similarity");
  EXPECT_EQ(Target().to_string(), "none");
}

}  // namespace
}  // namespace whycam::core
