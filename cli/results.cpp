#include "results.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>

#include "whycam/errors.h"
#include "whycam/picture/contact_sheet.h"
#include "whycam/picture/npy.h"
#include "whycam/picture/tensor.h"

namespace whycam::cli {
namespace {

ChosenClass chosen_class(const Explanation& explanation, const TargetExplanation& target,
                         std::int64_t example) {
  ChosenClass result;
  const torch::Tensor& output = explanation.output;
  result.score = target.scores[example].item<double>();
  if (output.dim() == 0 || output.numel() == output.size(0)) return result;
  result.indices = target.target.resolve(output.sizes())[static_cast<std::size_t>(example)];
  if (output.dim() == 2) result.probability = output[example].softmax(0)[result.indices[0]].item<double>();
  return result;
}

std::string class_for_file(const RunSettings& settings, const ChosenClass& chosen) {
  if (chosen.is_class()) return settings.labels.file_name(chosen.indices[0]);
  std::string text;
  for (const std::int64_t index : chosen.indices) text += (text.empty() ? "" : "_") + std::to_string(index);
  return text.empty() ? "output" : text;
}

/// The attribution of one example by one method: C x H x W, or 1 x H x W for Grad-CAM; of size 0 where there
/// is none.
torch::Tensor attribution_of(const TargetExplanation& target, Method method, std::int64_t example) {
  const auto pick = [example](const torch::Tensor& all) { return all.numel() == 0 ? all : all[example]; };
  switch (method) {
    case Method::grad_cam:
      return pick(target.layers[0].upsampled[0]);
    case Method::guided_grad_cam:
      return pick(target.layers[0].guided_grad_cam[0]);
    case Method::guided_backprop:
      return pick(target.guided_backprop[0]);
    case Method::deconvolution:
      return pick(target.deconvolution[0]);
  }
  return {};
}

picture::Image draw(const Drawing& drawing, const torch::Tensor& attribution, Method method,
                    const picture::Image& seen) {
  if (method == Method::grad_cam)
    return picture::overlay(seen, picture::to_array(attribution[0]), drawing.colours, drawing.opacity);
  return picture::signed_map(picture::to_array(attribution), drawing.signed_maps);
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

/// How the files of one example begin.
std::string name_stem(const RunSettings& settings, const Input& input, std::size_t example) {
  return input.file.stem + (input.seen.size() == 1 ? "" : "-" + std::to_string(example)) + "-" +
         safe_for_file_names(settings.layer);
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
  entry["score"] = chosen.score;
  entry["softmax_probability"] = chosen.probability ? Json(*chosen.probability) : Json(nullptr);
  return entry;
}

/// Writes a picture (and array) and returns their names.
Json write_files(const RunSettings& settings, const std::string& name, const torch::Tensor& attribution,
                 const picture::Image& drawn) {
  Json files{{"picture", name + ".png"}};
  picture::write_image(settings.folder / (name + ".png"), drawn);
  if (settings.arguments.save_npy) {
    write_array(settings.folder / (name + ".npy"), attribution);
    files["array"] = name + ".npy";
  }
  return files;
}

/// A contact sheet's columns behind the picture itself, from the coarse answer to the fine one.
constexpr std::array<std::pair<Method, const char*>, 4> columns{{
    {Method::grad_cam, "Grad-CAM"},
    {Method::guided_backprop, "guided backpropagation"},
    {Method::deconvolution, "deconvolution"},
    {Method::guided_grad_cam, "Guided Grad-CAM"},
}};

class ContactSheet {
 public:
  explicit ContactSheet(const std::vector<Method>& methods) {
    for (const auto& [method, heading] : columns)
      if (std::find(methods.begin(), methods.end(), method) != methods.end()) headings_.push_back(heading);
  }

  void add_row(const RunSettings& settings, const ChosenClass& chosen, const picture::Image& seen,
               std::map<Method, picture::Image> drawn) {
    picture::ContactRow row{chosen.is_class() ? std::to_string(chosen.indices[0]) : "output", {seen}};
    if (chosen.is_class()) row.title = settings.labels.name(chosen.indices[0]).value_or("class " + row.title);
    row.title += chosen.probability ? fmt::format(": softmax probability {:.4f}", *chosen.probability)
                                    : fmt::format(": {:.6g}", chosen.score);
    for (const auto& [method, heading] : columns)
      if (const auto found = drawn.find(method); found != drawn.end())
        row.pictures.push_back(std::move(found->second));
    rows_.push_back(std::move(row));
  }

  void write(const std::filesystem::path& path) const {
    picture::write_image(path, picture::contact_sheet(headings_, rows_));
  }

 private:
  std::vector<std::string> headings_{"picture"};
  std::vector<picture::ContactRow> rows_;
};

/// One class of an example in its files: its line for the manifest, and what was drawn.
struct WrittenClass {
  Json line;
  std::map<Method, picture::Image> drawn;
};

WrittenClass write_class(const RunSettings& settings, const Input& input, std::size_t index,
                         const Explanation& explanation, const ChosenTarget& choice, std::int64_t example,
                         UniqueNames& names) {
  const auto& [target, chosen] = choice;
  Json line{{"input", input.file.path.string()}, {"example", index}};
  line.update(class_entry(settings, chosen));
  line["engine"] = explanation.engine;
  if (!explanation.why_not_compiled.empty()) line["why_not_compiled"] = explanation.why_not_compiled;
  line["relus_guided"] = explanation.activations.relus_guided;
  line["activations_not_guided"] = explanation.activations.not_guided;
  const std::string stem = name_stem(settings, input, index) + "-" + class_for_file(settings, chosen) + "-";
  std::map<Method, picture::Image> drawn;
  for (const Method method : settings.methods) {
    const torch::Tensor attribution = attribution_of(*target, method, example);
    Json& files = line["files"][name_of(method)] = Json::object();
    if (attribution.numel() == 0) continue;
    drawn[method] = draw(settings.drawing, attribution, method, input.seen[index]);
    files = write_files(settings, names(stem + name_of(method)), attribution, drawn[method]);
  }
  return {std::move(line), std::move(drawn)};
}

}  // namespace

std::vector<ChosenTarget> chosen_for(const Explanation& explanation, std::int64_t example) {
  std::vector<ChosenTarget> all;
  for (const TargetExplanation& target : explanation.targets) {
    const ChosenClass chosen = chosen_class(explanation, target, example);
    // Where the best class is one that was named as well, another example may need both.
    if (std::none_of(all.begin(), all.end(),
                     [&](const ChosenTarget& other) { return other.chosen.indices == chosen.indices; }))
      all.push_back({&target, chosen});
  }
  return all;
}

ManifestLines write_results(const RunSettings& settings, const Input& input, const Explanation& explanation,
                            std::int64_t first_example, UniqueNames& names) {
  ManifestLines lines;
  for (std::size_t i = 0; i < input.seen.size(); ++i) {
    const std::int64_t example = first_example + static_cast<std::int64_t>(i);
    ContactSheet sheet(settings.methods);
    const std::size_t first_line = lines.size();
    for (const ChosenTarget& choice : chosen_for(explanation, example)) {
      WrittenClass written = write_class(settings, input, i, explanation, choice, example, names);
      lines.push_back(std::move(written.line));
      if (settings.arguments.contact_sheet)
        sheet.add_row(settings, choice.chosen, input.seen[i], std::move(written.drawn));
    }
    if (!settings.arguments.contact_sheet) continue;
    const std::string name = names(name_stem(settings, input, i) + "-contact-sheet") + ".png";
    sheet.write(settings.folder / name);
    for (std::size_t line = first_line; line < lines.size(); ++line) lines[line]["contact_sheet"] = name;
  }
  for (std::size_t i = 0; i < lines.size(); ++i) {
    lines[i]["line"] = i + 1;
    lines[i]["lines"] = lines.size();
  }
  return lines;
}

void prepare_folder(const std::filesystem::path& folder) {
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (failure || !std::filesystem::is_directory(folder))
    throw OutputError("cannot make the folder \"" + folder.string() +
                      "\": " + (failure ? failure.message() : "something else has that name"));
  std::string trial = (folder / ".whycam-XXXXXX.part").string();
  const int file = mkstemps(trial.data(), 5);
  if (file < 0)
    throw OutputError("cannot write into the folder \"" + folder.string() + "\": " + std::strerror(errno));
  close(file);
  std::filesystem::remove(trial, failure);
}

void remove_unfinished_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> found;
  std::error_code failure;
  for (auto entry = std::filesystem::directory_iterator(folder, failure);
       !failure && entry != std::filesystem::directory_iterator(); entry.increment(failure)) {
    const std::string name = entry->path().filename().string();
    if (name.rfind(".whycam-", 0) == 0 && entry->path().extension() == ".part")
      found.push_back(entry->path());
  }
  for (const auto& path : found) std::filesystem::remove(path, failure);
}

}  // namespace whycam::cli
