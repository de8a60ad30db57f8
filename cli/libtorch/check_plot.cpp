#include "libtorch/check_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "arguments.h"
#include "whycam/picture/plot.h"

namespace whycam::cli {
namespace {

picture::Rgb colour_of(Method method) {
  switch (method) {
    case Method::grad_cam:
      return {213, 94, 0};
    case Method::guided_backprop:
      return {0, 114, 178};
    default:
      return {0, 130, 80};
  }
}

/// By one of the rank correlations, as the paper's figures are.
picture::PlotPanel randomisation_panel(const TrustReport& report, double MapSimilarity::* correlation,
                                       const std::string& values) {
  picture::PlotPanel panel{"weights randomised: " + values,
                           "share of the modules randomised, from the output on",
                           "rank correlation with the trained map",
                           0,
                           1,
                           -1,
                           1,
                           {}};
  double modules = 0;
  for (const RandomisationStep& step : report.randomisation) modules += static_cast<double>(step.modules.size());
  for (const Method method : default_methods()) {
    picture::PlotLine line{to_string(method), {0}, {1}, colour_of(method), false};
    double x = 0;
    for (const RandomisationStep& step : report.randomisation) {
      x += static_cast<double>(step.modules.size()) / modules;
      const auto found = step.similarity.find(method);
      line.x.push_back(x);
      line.y.push_back(found == step.similarity.end() ? NAN : found->second.*correlation);
    }
    panel.lines.push_back(std::move(line));
  }
  return panel;
}

/// The lowest and the highest number of all curves, apart from each other.
std::pair<double, double> range_of(const TrustReport& report) {
  double lowest = INFINITY, highest = -INFINITY;
  const auto add = [&](const PixelCurve& curve) {
    for (const double number : curve.probabilities) {
      if (!std::isfinite(number)) continue;
      lowest = std::min(lowest, number);
      highest = std::max(highest, number);
    }
  };
  for (const PixelCurves* curves : {&report.insertion, &report.deletion}) {
    for (const auto& entry : curves->methods) add(entry.second);
    add(curves->random);
  }
  if (lowest > highest) return {0, 1};
  return highest > lowest ? std::pair(lowest, highest) : std::pair(lowest - 0.5, highest + 0.5);
}

picture::PlotPanel pixel_panel(const TrustReport& report, const PixelCurves& curves, const std::string& title,
                               const std::string& x_title) {
  const bool scores = report.measure == Measure::score;
  const auto [lowest, highest] = scores ? range_of(report) : std::pair(0.0, 1.0);
  picture::PlotPanel panel{title,   x_title, scores ? "score of the class" : "probability of the class", 0, 1, lowest,
                           highest, {}};
  const auto add = [&](const std::string& name, const PixelCurve& curve, picture::Rgb colour, bool dashed) {
    if (!curve.probabilities.empty())
      panel.lines.push_back(
          {fmt::format("{}, area {:.3f}", name, curve.area), report.fractions, curve.probabilities, colour, dashed});
  };
  for (const auto& [method, curve] : curves.methods) add(to_string(method), curve, colour_of(method), false);
  add("random order", curves.random, {120, 120, 120}, true);
  return panel;
}

}  // namespace

picture::Svg plot_of(const TrustReport& report) {
  std::vector<picture::PlotPanel> panels;
  if (!report.randomisation.empty()) {
    panels.push_back(randomisation_panel(report, &MapSimilarity::rank_correlation, "signed values"));
    panels.push_back(randomisation_panel(report, &MapSimilarity::rank_correlation_of_magnitudes, "magnitudes"));
  }
  if (!report.fractions.empty()) {
    panels.push_back(
        pixel_panel(report, report.insertion, "insertion into a blurred picture", "share of the pixels inserted"));
    panels.push_back(
        pixel_panel(report, report.deletion, "deletion to the mean colour", "share of the pixels deleted"));
  }
  return panels.empty() ? picture::Svg() : picture::plot(panels);
}

}  // namespace whycam::cli
