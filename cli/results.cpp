#include "results.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "whycam/errors.h"
#include "whycam/picture/contact_sheet.h"
#include "whycam/picture/npy.h"
#include "whycam/probabilities.h"

namespace whycam::cli {
namespace {

ChosenClass chosen_class(const Network::Explanation& explanation, const Network::TargetExplanation& target,
                         std::int64_t example) {
  ChosenClass result;
  const Tensor& output = explanation.output;
  result.score = target.scores[static_cast<std::size_t>(example)];
  if (!target.completeness_error.empty())
    result.completeness_error = target.completeness_error[static_cast<std::size_t>(example)];
  const std::vector<Target::Term>& terms = target.target.terms();
  const Target first{terms[0].choice};
  const bool is_index = terms[0].choice.index() <= 2, is_plain = terms.size() == 1 && terms[0].coefficient == 1;
  if (!is_index || !is_plain || terms[0].region) result.explained = target.target.to_string();
  if (terms[0].coefficient < 0) result.suffix += "-against";
  if (terms.size() > 1) result.suffix += "-versus-" + safe_for_file_names(Target(terms[1].choice).to_string());
  if (!is_index || output.shape.empty() || static_cast<std::int64_t>(output.values.size()) == output.shape[0])
    return result;
  if (terms[0].region) {  // of a class, however many there are
    result.indices =
        first.resolve({output.shape[0], std::numeric_limits<std::int64_t>::max()})[static_cast<std::size_t>(example)];
    return result;
  }
  result.indices = first.resolve(output.shape)[static_cast<std::size_t>(example)];
  const auto dimension = class_dimension(output.shape);
  if (!dimension) return result;
  result.indices = {result.indices[*dimension - 1]};
  const double probability = probabilities(scores_of(output, example))[static_cast<std::size_t>(result.indices[0])];
  result.probability = static_cast<float>(probability);  // no more digits than the output has
  return result;
}

std::string class_for_file(const RunSettings& settings, const ChosenClass& chosen) {
  if (chosen.is_class()) return settings.labels.file_name(chosen.indices[0]) + chosen.suffix;
  std::string text;
  for (const std::int64_t index : chosen.indices) text += (text.empty() ? "" : "_") + std::to_string(index);
  return (text.empty() ? "output" : text) + chosen.suffix;
}

/// What a careful user should know before looking at a map; empty where it is as others.
std::string warning_of(const Tensor& attribution) {
  if (!all_finite(attribution)) return "holds NaN or infinity, drawn as 0: this is no explanation";
  if (all_zero(attribution)) return "is 0 throughout: it shows nothing that speaks for this class";
  return "";
}

/// The attribution of one example of an input by one method: 1 x C x space, or 1 x 1 x space for heat maps; nothing
/// where there is none.
std::optional<Tensor> attribution_of(const Network::TargetExplanation& target, Method method, std::size_t input,
                                     std::int64_t example) {
  const std::vector<Tensor>& all = target.attributions(method);
  return input >= all.size() || all[input].values.empty() ? std::nullopt : std::optional(slice(all[input], example));
}

/// How the files of one example that show `what` are named, without a method and an ending. A long stem is cut to what
/// the longest of those names leaves it.
std::string name_of_files(const RunSettings& settings, const Input& input, std::size_t example,
                          const std::string& what) {
  constexpr std::size_t longest = 255, behind = sizeof "-guided-backprop-99999.png" - 1;
  const std::string layer = settings.layer.empty() ? "" : "-" + safe_for_file_names(settings.layer);
  const std::string rest = (input.views.size() == 1 ? "" : "-" + std::to_string(example)) + layer + "-" + what;
  return shortened(input.file.stem, longest - std::min(longest, rest.size() + behind)) + rest;
}

Json class_entry(const RunSettings& settings, const ChosenClass& chosen) {
  Json entry;
  if (chosen.is_class())
    entry["class"] = chosen.indices[0];
  else if (chosen.indices.empty())
    entry["class"] = nullptr;
  else
    entry["class"] = chosen.indices;
  const auto label = chosen.is_class() ? settings.labels.name(chosen.indices[0]) : std::nullopt;
  entry["label"] = label ? Json(*label) : Json(nullptr);
  if (!chosen.explained.empty()) entry["explained"] = chosen.explained;
  entry["score"] = number_in_json(chosen.score);
  if (chosen.completeness_error) entry["completeness_error"] = number_in_json(*chosen.completeness_error);
  entry["softmax_probability"] = chosen.probability ? number_in_json(*chosen.probability) : Json(nullptr);
  return entry;
}

/// Writes a picture (and array) and returns their names.
Json write_files(const RunSettings& settings, const std::string& name, const Tensor& attribution,
                 const picture::Image& drawn) {
  Json files{{"picture", name + ".png"}};
  picture::write_image(settings.folder / (name + ".png"), drawn);
  if (settings.arguments.save_npy) {
    picture::write_npy(settings.folder / (name + ".npy"), attribution);
    files["array"] = name + ".npy";
  }
  return files;
}

/// A contact sheet's columns behind the picture itself, from the coarse answer to the fine one: heat maps, maps of the
/// input, products of both.
std::vector<Method> columns_of(const std::vector<Method>& methods) {
  const auto fineness = [](Method method) { return is_heat_map(method) ? 0 : needs_layer(method) ? 2 : 1; };
  std::vector<Method> columns;
  for (int fine = 0; fine < 3; ++fine)
    for (const Method method : all_methods())
      if (fineness(method) == fine && std::find(methods.begin(), methods.end(), method) != methods.end())
        columns.push_back(method);
  return columns;
}

class ContactSheet {
 public:
  explicit ContactSheet(const std::vector<Method>& methods) : columns_(columns_of(methods)) {
    for (const Method method : columns_) headings_.emplace_back(title(method));
  }

  void add_row(const RunSettings& settings, const ChosenClass& chosen, const picture::Image& seen,
               std::map<Method, picture::Image> drawn) {
    picture::ContactRow row{chosen.is_class() ? std::to_string(chosen.indices[0]) : "output", {seen}};
    if (chosen.is_class()) row.title = "class " + row.title;
    if (const auto label = chosen.is_class() ? settings.labels.name(chosen.indices[0]) : std::nullopt; label)
      row.title += " (" + *label + ")";
    row.title += chosen.probability ? fmt::format(": softmax probability {:.4f}", *chosen.probability)
                                    : fmt::format(": {:.6g}", chosen.score);
    for (const Method method : columns_)
      if (const auto found = drawn.find(method); found != drawn.end()) row.pictures.push_back(std::move(found->second));
    rows_.push_back(std::move(row));
  }

  void write(const std::filesystem::path& path) const {
    picture::write_image(path, picture::contact_sheet(headings_, rows_));
  }

 private:
  std::vector<Method> columns_;
  std::vector<std::string> headings_{"picture"};
  std::vector<picture::ContactRow> rows_;
};

/// Which part of a picture the network saw, in the picture's pixels.
Json rectangle(const picture::Geometry& geometry) {
  const picture::Rectangle seen = geometry.crop_in_original();
  return {{"left", seen.left}, {"top", seen.top}, {"width", seen.width}, {"height", seen.height}};
}

/// What becomes of one class of one example.
class ClassWriter {
 public:
  ClassWriter(const RunSettings& settings, const ChosenTarget& choice, std::int64_t example, UniqueNames& names)
      : settings_(settings), choice_(choice), example_(example), names_(names) {}

  /// Writes the maps of one of the inputs: its entries for the manifest and, with `drawn`, its pictures.
  Json write(const View& view, std::size_t input, const std::string& stem, Json& warnings,
             std::map<Method, picture::Image>* drawn) {
    Json all = Json::object();
    for (const Method method : settings_.methods) {
      const std::optional<Tensor> attribution = attribution_of(*choice_.target, method, input, example_);
      Json& files = all[to_string(method)] = Json::object();
      if (!attribution) continue;
      if (const std::string warning = warning_of(*attribution); !warning.empty())
        warnings.push_back(to_string(method) + (" " + warning));
      picture::Image image = view.draw(settings_.drawing, *attribution, method);
      files = write_files(settings_, names_(stem + to_string(method)), view.array(*attribution, method), image);
      if (drawn) (*drawn)[method] = std::move(image);
    }
    return all;
  }

 private:
  const RunSettings& settings_;
  const ChosenTarget& choice_;
  std::int64_t example_;
  UniqueNames& names_;
};

/// One class of an example in its files: its line for the manifest, and what was drawn.
struct WrittenClass {
  Json line;
  std::map<Method, picture::Image> drawn;
};

WrittenClass write_class(const RunSettings& settings, const Input& input, const InputReader& reader, std::size_t index,
                         const Network::Explanation& explanation, const ChosenTarget& choice, std::int64_t example,
                         UniqueNames& names) {
  const ChosenClass& chosen = choice.chosen;
  Json line{{"input", input.file.path.string()}, {"input_crc32", input.checksum}, {"example", index}};
  if (const auto& geometry = input.views[index].geometry()) line["network_saw"] = rectangle(*geometry);
  line.update(class_entry(settings, chosen));
  line["engine"] = explanation.engine;
  if (!explanation.why_not_compiled.empty()) line["why_not_compiled"] = explanation.why_not_compiled;
  line["relus_guided"] = explanation.activations.relus_guided;
  line["activations_not_guided"] = explanation.activations.not_guided;
  const bool several = !reader.further().empty();
  const auto stem = [&](std::size_t of) {
    const std::string name = several ? "-" + safe_for_file_names(reader.name_of(of)) : "";
    return name_of_files(settings, input, index, class_for_file(settings, chosen) + name) + "-";
  };
  Json warnings = Json::array();
  ClassWriter writer(settings, choice, example, names);
  std::map<Method, picture::Image> drawn;
  line["files"] = writer.write(input.views[index], 0, stem(0), warnings, &drawn);
  for (std::size_t i = 0; i < reader.further().size(); ++i) {
    const Input& other = reader.further()[i];
    Json entry{{"name", reader.name_of(i + 1)}, {"input", other.file.path.string()}};
    if (const auto& geometry = other.views[index].geometry()) entry["network_saw"] = rectangle(*geometry);
    entry["files"] = writer.write(other.views[index], i + 1, stem(i + 1), warnings, nullptr);
    line["also"].push_back(std::move(entry));
  }
  if (!warnings.empty()) line["warnings"] = std::move(warnings);
  return {std::move(line), std::move(drawn)};
}

}  // namespace

std::vector<ChosenTarget> chosen_for(const Network::Explanation& explanation, std::int64_t example) {
  std::vector<ChosenTarget> all;
  for (const Network::TargetExplanation& target : explanation.targets) {
    const ChosenClass chosen = chosen_class(explanation, target, example);
    // Where the best class is one that was named as well, another example may need both.
    if (std::none_of(all.begin(), all.end(), [&](const ChosenTarget& other) {
          return other.chosen.indices == chosen.indices && other.chosen.suffix == chosen.suffix;
        }))
      all.push_back({&target, chosen});
  }
  return all;
}

ManifestLines write_results(const RunSettings& settings, const Input& input, const InputReader& reader,
                            const std::vector<ExplainedExample>& examples, UniqueNames& names) {
  ManifestLines lines;
  for (std::size_t i = 0; i < input.views.size(); ++i) {
    const Network::Explanation& explanation = *examples[i].explanation;
    const std::int64_t example = examples[i].row;
    ContactSheet sheet(settings.methods);
    const std::size_t first_line = lines.size();
    for (const ChosenTarget& choice : chosen_for(explanation, example)) {
      WrittenClass written = write_class(settings, input, reader, i, explanation, choice, example, names);
      lines.push_back(std::move(written.line));
      if (settings.arguments.contact_sheet)
        sheet.add_row(settings, choice.chosen, input.views[i].picture(), std::move(written.drawn));
    }
    if (!settings.arguments.contact_sheet) continue;
    const std::string name = names(name_of_files(settings, input, i, "contact-sheet")) + ".svg";
    sheet.write(settings.folder / name);
    for (std::size_t line = first_line; line < lines.size(); ++line) lines[line]["contact_sheet"] = name;
  }
  for (std::size_t i = 0; i < lines.size(); ++i) {
    lines[i]["line"] = i + 1;
    lines[i]["lines"] = lines.size();
  }
  return lines;
}

std::vector<std::string> warnings_of_scores(const Tensor& output, std::int64_t example) {
  if (!class_dimension(output.shape)) return {};
  const std::vector<double> scores = scores_of(output, example);
  if (are_probabilities(scores))
    return {
        "the network ends in a softmax: its outputs are shown as the probabilities that they are, and their gradients, "
        "which are explained, "
        "vanish where one is near 1; a network without its softmax has the clearer maps"};
  if (scores.size() > 1 &&
      std::all_of(scores.begin(), scores.end(), [](double score) { return score >= 0 && score <= 1; }))
    return {
        "all outputs lie between 0 and 1: if the network ends in a sigmoid, the outputs themselves are its "
        "probabilities, and the softmax "
        "probabilities say nothing"};
  return {};
}

}  // namespace whycam::cli
