#include "report/statistics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace whycam::cli {
namespace {

constexpr std::size_t most_shown = 20;

/// A number of a line; those that JSON has not are texts there.
double number_of(const Json& value) {
  return value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN();
}

Json document_of(const Spread& spread) {
  Json document{{"count", spread.count()}, {"not_finite", spread.not_finite()}};
  const bool empty = spread.count() == 0;
  document["mean"] = empty ? Json(nullptr) : Json(spread.mean());
  document["standard_deviation"] = empty ? Json(nullptr) : Json(spread.standard_deviation());
  document["least"] = empty ? Json(nullptr) : Json(spread.least());
  document["greatest"] = empty ? Json(nullptr) : Json(spread.greatest());
  return document;
}

std::string line_of(const std::string& name, const Spread& spread) {
  if (spread.count() + spread.not_finite() == 0) return "";
  std::string text = fmt::format("  {:20} mean {:.6g}, standard deviation {:.6g}, {:.6g} to {:.6g}", name,
                                 spread.mean(), spread.standard_deviation(), spread.least(), spread.greatest());
  if (spread.not_finite() > 0)
    text += fmt::format("; {} of {} are NaN or infinite, and left out", spread.not_finite(),
                        spread.count() + spread.not_finite());
  return text + "\n";
}

}  // namespace

void Spread::add(double number) {
  if (!std::isfinite(number)) {
    ++not_finite_;
    return;
  }
  least_ = count_ == 0 ? number : std::min(least_, number);
  greatest_ = count_ == 0 ? number : std::max(greatest_, number);
  const double before = number - mean_;
  mean_ += before / static_cast<double>(++count_);
  squares_ += before * (number - mean_);
}

double Spread::standard_deviation() const {
  return count_ == 0 ? 0 : std::sqrt(squares_ / static_cast<double>(count_));
}

void Statistics::add(const ManifestLines& lines) {
  if (lines[0].contains("skipped")) {
    skipped_.push_back({{"input", lines[0]["input"]}, {"skipped", lines[0]["skipped"]}});
    return;
  }
  ++explained_;
  for (const Json& line : lines) {
    ++explanations_;
    const Json explained = line.value("explained", Json());
    const std::string name = to_text(Json::array({line["class"], line["label"], explained}));
    const auto [place, is_new] = classes_.try_emplace(name);
    if (is_new) place->second = {line["class"], line["label"], explained, {}};
    const double score = number_of(line["score"]);
    place->second.scores.add(score);
    scores_.add(score);
    if (!line["softmax_probability"].is_null()) probabilities_.add(number_of(line["softmax_probability"]));
  }
}

std::vector<const Statistics::Class*> Statistics::by_count() const {
  std::vector<const Class*> classes;
  for (const auto& [name, one] : classes_) classes.push_back(&one);
  std::stable_sort(classes.begin(), classes.end(), [](const Class* a, const Class* b) {
    return a->scores.count() + a->scores.not_finite() > b->scores.count() + b->scores.not_finite();
  });
  return classes;
}

Json Statistics::document() const {
  Json document{{"inputs", explained_ + skipped_.size()},
                {"explained", explained_},
                {"explanations", explanations_},
                {"score", document_of(scores_)},
                {"softmax_probability", document_of(probabilities_)},
                {"classes", Json::array()},
                {"skipped", skipped_}};
  for (const Class* one : by_count())
    document["classes"].push_back({{"class", one->index},
                                   {"label", one->label},
                                   {"explained", one->explained},
                                   {"count", one->scores.count() + one->scores.not_finite()},
                                   {"score", document_of(one->scores)}});
  return document;
}

std::string Statistics::text() const {
  std::string text = fmt::format("{} inputs: {} explained, {} skipped; {} explanations\n", explained_ + skipped_.size(),
                                 explained_, skipped_.size(), explanations_);
  text += line_of("score", scores_) + line_of("softmax probability", probabilities_);
  const std::vector<const Class*> classes = by_count();
  if (!classes.empty()) text += "     count  mean score   deviation  class\n";
  for (std::size_t i = 0; i < std::min(classes.size(), most_shown); ++i) {
    const Class& one = *classes[i];
    text += fmt::format("  {:8} {:11.4f} {:11.4f}  {}{}{}\n", one.scores.count() + one.scores.not_finite(),
                        one.scores.mean(), one.scores.standard_deviation(),
                        one.index.is_null() ? "output" : to_text(one.index),
                        one.label.is_string() ? " " + one.label.get<std::string>() : "",
                        one.explained.is_string() ? " (" + one.explained.get<std::string>() + ")" : "");
  }
  if (classes.size() > most_shown) text += fmt::format("  and {} more classes\n", classes.size() - most_shown);
  if (!skipped_.empty()) text += "skipped:\n";
  for (std::size_t i = 0; i < std::min(skipped_.size(), most_shown); ++i)
    text +=
        fmt::format("  {}: {}\n", skipped_[i]["input"].get<std::string>(), skipped_[i]["skipped"].get<std::string>());
  if (skipped_.size() > most_shown)
    text += fmt::format("  and {} more, which the tables have\n", skipped_.size() - most_shown);
  return text;
}

}  // namespace whycam::cli
