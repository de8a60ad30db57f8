#include "results.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "whycam/errors.h"
#include "whycam/picture/npy.h"
#include "whycam/picture/render.h"
#include "whycam/picture/tensor.h"
#include "whycam/version.h"

namespace whycam::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr picture::ColourMap colours = picture::ColourMap::jet;
constexpr double opacity = 0.5;
constexpr picture::SignedMapOptions signed_options{picture::Sign::all, 99.5};

/// One example's class, as it stands in tables, file names and explanation.json.
struct Chosen {
  Target::Indices indices;  ///< empty where the output is one number an example
  double score = 0;
  std::optional<double> probability;

  bool is_class() const { return indices.size() == 1; }
};

Chosen chosen(const Explanation& explanation, const TargetExplanation& target, std::int64_t example) {
  Chosen result;
  const torch::Tensor& output = explanation.output;
  result.score = target.scores[example].item<double>();
  if (output.dim() == 0 || output.numel() == output.size(0)) return result;
  result.indices = target.target.resolve(output.sizes())[static_cast<std::size_t>(example)];
  if (output.dim() == 2)
    result.probability = output[example].softmax(0)[result.indices[0]].item<double>();
  return result;
}

std::string class_for_file(const RunSettings& settings, const Chosen& chosen) {
  if (chosen.is_class()) return settings.labels.file_name(chosen.indices[0]);
  std::string text;
  for (const std::int64_t index : chosen.indices) text += (text.empty() ? "" : "_") + std::to_string(index);
  return text.empty() ? "output" : text;
}

/// The attribution of one example by one method: C x H x W, or 1 x H x W for Grad-CAM; of size 0 where there is none.
torch::Tensor attribution_of(const TargetExplanation& target, Method method, std::int64_t example) {
  const auto pick = [example](const torch::Tensor& all) { return all.numel() == 0 ? all : all[example]; };
  switch (method) {
    case Method::grad_cam: return pick(target.layers[0].upsampled[0]);
    case Method::guided_grad_cam: return pick(target.layers[0].guided_grad_cam[0]);
    case Method::guided_backprop: return pick(target.guided_backprop[0]);
    case Method::deconvolution: return pick(target.deconvolution[0]);
  }
  return {};
}

picture::Image draw(const torch::Tensor& attribution, Method method, const picture::Image& seen) {
  if (method == Method::grad_cam) return picture::overlay(seen, picture::to_array(attribution[0]), colours, opacity);
  return picture::signed_map(picture::to_array(attribution), signed_options);
}

std::string scaling_of(Method method) {
  if (method == Method::grad_cam)
    return fmt::format("divided by its maximum, colour map {}, opacity {}", picture::name_of(colours), opacity);
  return fmt::format("signed around grey, percentile {} of the absolute values at full contrast",
                     signed_options.percentile);
}

void write_array(const std::filesystem::path& path, const torch::Tensor& attribution) {
  const torch::Tensor values = attribution.unsqueeze(0).to(torch::kCPU).contiguous();
  picture::NpyArray array{values.sizes().vec(), {}};
  if (values.scalar_type() == torch::kDouble)
    array.values = std::vector<double>(values.data_ptr<double>(), values.data_ptr<double>() + values.numel());
  else
    array.values = std::vector<float>(values.data_ptr<float>(), values.data_ptr<float>() + values.numel());
  picture::write_npy(path, array);
}

std::string example_stem(const Input& input, std::int64_t example) {
  return input.seen.size() == 1 ? input.file.stem : input.file.stem + "-" + std::to_string(example);
}

Json class_entry(const RunSettings& settings, const Chosen& chosen) {
  Json entry;
  if (chosen.is_class())
    entry["class"] = chosen.indices[0];
  else if (chosen.indices.empty())
    entry["class"] = nullptr;
  else
    entry["class"] = chosen.indices;
  const auto label = chosen.is_class() ? settings.labels.name(chosen.indices[0]) : std::nullopt;
  entry["label"] = label ? Json(*label) : Json(nullptr);
  entry["score"] = chosen.score;
  entry["softmax_probability"] = chosen.probability ? Json(*chosen.probability) : Json(nullptr);
  return entry;
}

std::string class_text(const RunSettings& settings, std::int64_t index) {
  return fmt::format("{} {}", index, settings.labels.name(index).value_or(""));
}

}  // namespace

nlohmann::ordered_json write_results(const RunSettings& settings, const Input& input, const Explanation& explanation,
                                     UniqueNames& names) {
  Json entries = Json::array();
  for (std::int64_t example = 0; example < static_cast<std::int64_t>(input.seen.size()); ++example) {
    for (const TargetExplanation& target : explanation.targets) {
      const Chosen choice = chosen(explanation, target, example);
      for (const Method method : settings.methods) {
        Json entry{{"input", input.file.path.string()}, {"example", example}, {"layer", settings.layer}};
        entry.update(class_entry(settings, choice));
        entry["method"] = name_of(method);
        entry["interpolation"] = settings.arguments.interpolate;
        entry["guided_rule"] = settings.arguments.guided_rule;
        entry["engine"] = explanation.engine;
        if (!explanation.why_not_compiled.empty()) entry["why_not_compiled"] = explanation.why_not_compiled;
        entry["relus_guided"] = explanation.activations.relus_guided;
        entry["activations_not_guided"] = explanation.activations.not_guided;
        const torch::Tensor attribution = attribution_of(target, method, example);
        const std::string name =
            names(fmt::format("{}-{}-{}-{}", example_stem(input, example), safe_for_file_names(settings.layer),
                              class_for_file(settings, choice), name_of(method)));
        Json files = Json::object();
        if (attribution.numel() > 0) {
          picture::write_image(settings.folder / (name + ".png"),
                               draw(attribution, method, input.seen[static_cast<std::size_t>(example)]));
          files["picture"] = name + ".png";
          files["scaling"] = scaling_of(method);
          if (settings.arguments.save_npy) {
            write_array(settings.folder / (name + ".npy"), attribution);
            files["array"] = name + ".npy";
          }
        }
        entry["files"] = files;
        entries.push_back(entry);
      }
    }
  }
  return entries;
}

std::string summary(const RunSettings& settings, const Input& input, const Explanation& explanation) {
  std::string text;
  const torch::Tensor& output = explanation.output;
  for (std::int64_t example = 0; example < static_cast<std::int64_t>(input.seen.size()); ++example) {
    text += input.file.path.string() + (input.seen.size() > 1 ? fmt::format(", example {}", example) : "") + "\n";
    std::vector<std::int64_t> explained;
    for (const TargetExplanation& target : explanation.targets) {
      const Chosen choice = chosen(explanation, target, example);
      if (choice.is_class() && output.dim() == 2)
        explained.push_back(choice.indices[0]);
      else
        text += fmt::format("  explained: output {} = {:.6g}\n", target.target.to_string(), choice.score);
    }
    if (output.dim() != 2 || output.size(1) < 2) continue;
    const torch::Tensor probabilities = output[example].to(torch::kDouble).softmax(0);
    std::vector<std::int64_t> rows;
    const torch::Tensor best = std::get<1>(probabilities.topk(std::min<std::int64_t>(5, output.size(1))));
    for (std::int64_t i = 0; i < best.size(0); ++i) rows.push_back(best[i].item<std::int64_t>());
    for (const std::int64_t index : explained)
      if (std::find(rows.begin(), rows.end(), index) == rows.end()) rows.push_back(index);
    text += "    softmax probability       score  class (* explained)\n";
    for (const std::int64_t index : rows) {
      const bool star = std::find(explained.begin(), explained.end(), index) != explained.end();
      text += fmt::format("  {} {:19.6f} {:11.4f}  {}\n", star ? '*' : ' ', probabilities[index].item<double>(),
                          output[example][index].item<double>(), class_text(settings, index));
    }
  }
  std::string others;
  for (const auto& [name, count] : explanation.activations.not_guided) others += fmt::format(", {} {} not", count, name);
  const std::string why = explanation.why_not_compiled.empty() ? "" : " (not compiled: " + explanation.why_not_compiled + ")";
  text += fmt::format("  ReLUs guided: {}{}; engine: {}{}\n", explanation.activations.relus_guided, others,
                      explanation.engine, why);
  return text;
}

void prepare_folder(const std::filesystem::path& folder) {
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (failure || !std::filesystem::is_directory(folder))
    throw OutputError("cannot make the folder \"" + folder.string() +
                      "\": " + (failure ? failure.message() : "something else has that name"));
  std::string trial = (folder / ".whycam-trial-XXXXXX").string();
  const int file = mkstemp(trial.data());
  if (file < 0) throw OutputError("cannot write into the folder \"" + folder.string() + "\": " + std::strerror(errno));
  close(file);
  std::filesystem::remove(trial, failure);
}

nlohmann::ordered_json document(const RunSettings& settings, nlohmann::ordered_json explanations,
                                const std::vector<std::string>& warnings) {
  const ExplainArguments& arguments = settings.arguments;
  return {{"whycam", version},
          {"model", arguments.model},
          {"layer", settings.layer},
          {"layer_side", arguments.layer_input ? "input" : "output"},
          {"preprocessing",
           {{"size", arguments.preprocessing.size},
            {"crop", arguments.preprocessing.crop.empty() ? Json(nullptr) : Json(arguments.preprocessing.crop)},
            {"mean", arguments.preprocessing.mean},
            {"std", arguments.preprocessing.standard_deviation}}},
          {"guide_clipped_relus", arguments.guide_clipped_relus},
          {"warnings", warnings},
          {"explanations", std::move(explanations)}};
}

void write_text(const std::filesystem::path& path, const std::string& text) {
  picture::write_file(path, picture::Bytes(text.begin(), text.end()));
}

}  // namespace whycam::cli
