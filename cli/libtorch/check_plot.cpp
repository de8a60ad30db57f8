#include "libtorch/check_plot.h"

#include <fmt/format.h>

#include <cmath>

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

picture::PlotPanel pixel_panel(const TrustReport& report, const PixelCurves& curves, const std::string& title,
                               const std::string& x_title) {
  picture::PlotPanel panel{title, x_title, "probability of the class", 0, 1, 0, 1, {}};
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
