#include "results.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "explained_part.h"
#include "output_folder.h"
#include "whycam/errors.h"
#include "whycam/picture/contact_sheet.h"
#include "whycam/picture/npy.h"
#include "whycam/probabilities.h"

namespace whycam::cli {
namespace {

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
std::optional<Tensor> attribution_of(const std::vector<Tensor>& all, std::size_t input, std::int64_t example) {
  return input >= all.size() || all[input].values.empty() ? std::nullopt : std::optional(slice(all[input], example));
}

/// How the files of one example that show `what` at a layer are named, without a method and an ending; layer empty: of
/// none. A long stem is cut to what the longest of those names leaves it, and its hash tells it from others.
std::string name_of_files(const Input& input, std::size_t example, const std::string& at_layer,
                          const std::string& what) {
  constexpr std::size_t longest = 255, behind = sizeof "-gradcam++-signed-99999.npy" - 1;
  const std::string layer = at_layer.empty() ? "" : "-" + safe_for_file_names(at_layer);
  const std::string number =
      input.views.size() == 1 ? std::string() : input.file.before_example + std::to_string(example);
  const std::string rest = number + layer + "-" + what;
  const std::size_t room = longest - std::min(longest, rest.size() + behind);
  std::string stem = shortened(input.file.stem, room);
  if (stem.size() < input.file.stem.size()) {
    const std::string hash = fmt::format("-{:08x}", static_cast<std::uint32_t>(stable_hash(input.file.stem)));
    stem = shortened(input.file.stem, room - std::min(room, hash.size())) + hash;
  }
  return (input.file.folder / (stem + rest)).generic_string();
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

Json rectangle(const picture::Rectangle& box) {
  return {{"left", box.left}, {"top", box.top}, {"width", box.width}, {"height", box.height}};
}

Json example_entry(const Input& input, std::size_t example) {
  Json entry{{"input", input.file.path.string()}, {"input_crc32", input.checksum}, {"example", example}};
  const View& view = input.views[example];
  if (is_array(input.file.path) && view.channels_last()) entry["input_layout"] = "nhwc";
  if (const auto& geometry = view.geometry()) entry["network_saw"] = rectangle(geometry->crop_in_original());
  return entry;
}

/// A detector's row, with its box in the original picture's pixels.
Json row_entry(const FoundBox& found, const std::optional<picture::Geometry>& geometry) {
  const Detection& one = found.detection;
  return {{"row", one.row},
          {"rows", one.rows},
          {"overlap", one.overlap},
          {"best_class", one.class_index},
          {"best_score", number_in_json(one.score)},
          {"classes", one.classes},
          {"box", rectangle(geometry ? geometry->to_original(one.box) : one.box)},
          {"asked", rectangle(geometry ? geometry->to_original(found.asked) : found.asked)}};
}

/// What a map is of: a method and, where it is computed at one, the number of a layer.
using Column = std::pair<Method, std::size_t>;

/// A contact sheet's columns behind the picture itself, from the coarse answer to the fine one: heat maps, maps of the
/// input, products of both.
std::vector<Column> columns_of(const std::vector<Method>& methods, std::size_t layers) {
  const auto fineness = [](Method method) { return is_heat_map(method) ? 0 : needs_layer(method) ? 2 : 1; };
  std::vector<Column> columns;
  for (int fine = 0; fine < 3; ++fine)
    for (const Method method : all_methods())
      if (fineness(method) == fine && std::find(methods.begin(), methods.end(), method) != methods.end())
        for (std::size_t layer = 0; layer < (needs_layer(method) ? layers : 1); ++layer)
          columns.emplace_back(method, layer);
  return columns;
}

using Drawn = std::map<Column, picture::Image>;

class ContactSheet {
 public:
  explicit ContactSheet(const RunSettings& settings)
      : columns_(columns_of(settings.methods, settings.shown_layers().size())) {
    const std::vector<std::string> layers = settings.shown_layers();
    for (const auto& [method, layer] : columns_)
      headings_.push_back(title(method) + (layers.size() > 1 && needs_layer(method) ? " at " + layers[layer] : ""));
  }

  void add_row(const RunSettings& settings, const ChosenClass& chosen, const picture::Image& seen, Drawn drawn) {
    picture::ContactRow row{chosen.is_class() ? std::to_string(chosen.indices[0]) : "output", {seen}};
    if (chosen.is_class()) row.title = "class " + row.title;
    if (const auto label = chosen.is_class() ? settings.labels.name(chosen.indices[0]) : std::nullopt; label)
      row.title += " (" + *label + ")";
    if (!chosen.explained.empty()) row.title += " (" + chosen.explained + ")";
    row.title += chosen.probability ? fmt::format(": softmax probability {:.4f}", *chosen.probability)
                                    : fmt::format(": {:.6g}", chosen.score);
    for (const Column& column : columns_)
      if (const auto found = drawn.find(column); found != drawn.end()) row.pictures.push_back(std::move(found->second));
    rows_.push_back(std::move(row));
  }

  void write(const std::filesystem::path& path) const {
    picture::write_image(path, picture::contact_sheet(headings_, rows_));
  }

 private:
  std::vector<Column> columns_;
  std::vector<std::string> headings_{"picture"};
  std::vector<picture::ContactRow> rows_;
};

/// Names the files of one class of one example, and leaves the writing to the work.
class ClassWriter {
 public:
  ClassWriter(const RunSettings& settings, const Network::TargetExplanation& target, std::int64_t example,
              UniqueNames& names, std::vector<std::function<void()>>& work)
      : settings_(settings), target_(target), example_(example), names_(names), work_(work) {}

  /// Writes the maps of one of the inputs: its "files" and, of several layers, "layers". The work puts the pictures
  /// into `drawn`, where that is given. `stem` is of the files' names at a layer.
  template <class Stem>
  void write(const View& view, std::size_t input, const Stem& stem, Json& entry, Json& warnings,
             const std::shared_ptr<Drawn>& drawn) {
    const std::vector<std::string> layers = settings_.shown_layers();
    const bool several = layers.size() > 1;
    entry["files"] = Json::object();
    for (std::size_t layer = 0; layer < std::max<std::size_t>(layers.size(), 1); ++layer) {
      Json files = Json::object();
      for (const Method method : settings_.methods) {
        const bool at_layer = needs_layer(method);
        if (!at_layer && layer > 0) continue;
        const std::string at = layers.empty() || (several && !at_layer) ? "" : layers[layer];
        const std::string behind = several && at_layer ? " at " + layers[layer] : "";
        Json written = write(view, input, {method, layer}, stem(at), behind, warnings, drawn);
        (several && at_layer ? files : entry["files"])[to_string(method)] = std::move(written);
      }
      if (several) entry["layers"].push_back({{"layer", layers[layer]}, {"files", std::move(files)}});
    }
  }

  /// What the layers gave, with its file names by what it is; nothing where it is not asked for.
  template <class Stem>
  Json write_values(const Stem& stem) {
    Json all = Json::array();
    for (std::size_t layer = 0; layer < target_.layers.size() && settings_.arguments.save_activations; ++layer) {
      const std::string& name = settings_.layers.at(layer);
      const auto& values = target_.layers[layer];
      Json entry{{"layer", name}, {"files", Json::object()}};
      for (const Method method : settings_.methods)
        if (const auto found = values.signed_heat_maps.find(method); found != values.signed_heat_maps.end())
          entry["files"][to_string(method)] = {
              {"signed_array", write_array(stem(name) + to_string(method) + "-signed", found->second[0])}};
      entry["files"]["activation"] = {{"array", write_array(stem(name) + "activation", values.activations.at(0))}};
      entry["files"]["gradient"] = {{"array", write_array(stem(name) + "gradient", values.gradients.at(0))}};
      all.push_back(std::move(entry));
    }
    return all;
  }

 private:
  std::string write_array(const std::string& stem, const Tensor& tensor) {
    const std::string name = names_(stem) + ".npy";
    work_.emplace_back([path = settings_.folder / name, &tensor, example = example_] {
      picture::write_npy(path, slice(tensor, example));
    });
    return name;
  }

  Json write(const View& view, std::size_t input, const Column& column, const std::string& stem,
             const std::string& behind, Json& warnings, const std::shared_ptr<Drawn>& drawn) {
    const Method method = column.first;
    const auto& all =
        settings_.merges() ? target_.merged_attributions(method) : target_.attributions(method, column.second);
    std::optional<Tensor> attribution = attribution_of(all, input, example_);
    if (!attribution) return Json::object();
    if (const std::string warning = warning_of(*attribution); !warning.empty())
      warnings.push_back(to_string(method) + behind + " " + warning);
    const std::string name = names_(stem + to_string(method));
    work_.emplace_back([&settings = settings_, &view, column, name, drawn,
                        map = std::make_shared<const Tensor>(std::move(*attribution))] {
      picture::Image image = view.draw(settings.drawing, *map, column.first);
      picture::write_image(settings.folder / (name + ".png"), image);
      if (settings.arguments.save_npy)
        picture::write_npy(settings.folder / (name + ".npy"), view.array(*map, column.first));
      if (drawn) (*drawn)[column] = std::move(image);
    });
    Json files{{"picture", name + ".png"}};
    if (settings_.arguments.save_npy) files["array"] = name + ".npy";
    return files;
  }

  const RunSettings& settings_;
  const Network::TargetExplanation& target_;
  std::int64_t example_;
  UniqueNames& names_;
  std::vector<std::function<void()>>& work_;
};

/// One class of an example: its line for the manifest, and what the work draws.
struct ClassResults {
  Json line;
  std::shared_ptr<Drawn> drawn = std::make_shared<Drawn>();
  picture::Image seen = {};  ///< the picture, with the box or region that was explained
};

/// The picture with the box or region that is explained, a file of its own that the line names; where there is neither,
/// the picture, if a contact sheet needs it.
picture::Image seen_picture(const RunSettings& settings, const View& view, const RunExplanation& explanation,
                            const ChosenTarget& choice, std::int64_t example, const std::string& stem,
                            UniqueNames& names, std::vector<std::function<void()>>& work, Json& line) {
  std::optional<picture::Image> marked = marked_picture(view, explanation, choice, example);
  if (!marked) return settings.arguments.contact_sheet ? view.picture() : picture::Image{};
  const std::string name = names(stem) + ".png";
  work.emplace_back([path = settings.folder / name, image = *marked] { picture::write_image(path, image); });
  line["explained_picture"] = name;
  return std::move(*marked);
}

ClassResults class_results(const RunSettings& settings, const Input& input, const InputReader& reader,
                           std::size_t index, const RunExplanation& explanation, const ChosenTarget& choice,
                           std::int64_t example, UniqueNames& names, std::vector<std::function<void()>>& work) {
  const ChosenClass& chosen = choice.chosen;
  ClassResults results{example_entry(input, index)};
  Json& line = results.line;
  line.update(class_entry(settings, chosen));
  if (chosen.box) line["detection"] = row_entry(*chosen.box, input.views[index].geometry());
  line["engine"] = explanation.engine;
  if (!explanation.why_not_compiled.empty()) line["why_not_compiled"] = explanation.why_not_compiled;
  line["relus_guided"] = explanation.activations.relus_guided;
  line["activations_not_guided"] = explanation.activations.not_guided;
  const bool several = !reader.further().empty();
  const auto stem = [&](std::size_t of) {
    const std::string name = several ? "-" + safe_for_file_names(reader.name_of(of)) : "";
    const std::string what = class_for_file(settings, chosen) + name;
    return [&input, index, what](const std::string& layer) { return name_of_files(input, index, layer, what) + "-"; };
  };
  Json warnings = Json::array();
  ClassWriter writer(settings, *choice.target, example, names, work);
  writer.write(input.views[index], 0, stem(0), line, warnings,
               settings.arguments.contact_sheet ? results.drawn : nullptr);
  for (std::size_t i = 0; i < reader.further().size(); ++i) {
    const Input& other = reader.further()[i];
    Json entry{{"name", reader.name_of(i + 1)}, {"input", other.file.path.string()}};
    if (const auto& geometry = other.views[index].geometry())
      entry["network_saw"] = rectangle(geometry->crop_in_original());
    writer.write(other.views[index], i + 1, stem(i + 1), entry, warnings, nullptr);
    line["also"].push_back(std::move(entry));
  }
  if (Json values = writer.write_values(stem(0)); !values.empty()) line["layer_values"] = std::move(values);
  if (!warnings.empty()) line["warnings"] = std::move(warnings);
  results.seen = seen_picture(settings, input.views[index], explanation, choice, example, stem(0)("") + "explained",
                              names, work, line);
  return results;
}

}  // namespace

Results results_of(const RunSettings& settings, const Input& input, const InputReader& reader,
                   const std::vector<ExplainedExample>& examples, UniqueNames& names) {
  Results results;
  ManifestLines& lines = results.lines;
  make_sub_folder(settings.folder, input.file.folder);
  for (std::size_t i = 0; i < input.views.size(); ++i) {
    const RunExplanation& explanation = *examples[i].explanation;
    const std::int64_t example = examples[i].row;
    const auto sheet = std::make_shared<ContactSheet>(settings);
    const std::size_t first_line = lines.size();
    for (const ChosenTarget& choice : chosen_for(explanation, example)) {
      ClassResults one = class_results(settings, input, reader, i, explanation, choice, example, names, results.work);
      lines.push_back(std::move(one.line));
      if (settings.arguments.contact_sheet)
        results.work.emplace_back(
            [&settings, sheet, chosen = choice.chosen, drawn = one.drawn, seen = std::move(one.seen)] {
              sheet->add_row(settings, chosen, seen, std::move(*drawn));
            });
    }
    if (!settings.arguments.contact_sheet) continue;
    const std::string name =
        names(name_of_files(input, i, settings.shown_layers().size() == 1 ? settings.shown_layers()[0] : "",
                            "contact-sheet")) +
        ".svg";
    results.work.emplace_back([sheet, path = settings.folder / name] { sheet->write(path); });
    for (std::size_t line = first_line; line < lines.size(); ++line) lines[line]["contact_sheet"] = name;
  }
  for (std::size_t i = 0; i < lines.size(); ++i) {
    lines[i]["line"] = i + 1;
    lines[i]["lines"] = lines.size();
  }
  return results;
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
