#include "record.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "checksum.h"
#include "exit_code.h"
#include "whycam/errors.h"
#include "whycam/picture/files.h"
#include "whycam/version.h"

namespace whycam::cli {
namespace {

/// The largest document that is read, in bytes: that of millions of maps.
constexpr std::uintmax_t largest = std::uintmax_t{1} << 32;

std::filesystem::path file_in(const RunSettings& settings) { return settings.folder / "explanation.json"; }

/// A discarded value where the file cannot be read, is no JSON, too large, or nested too deep.
Json read_json(const std::filesystem::path& path) {
  try {
    const picture::Bytes bytes = picture::read_file(path, largest);
    return parse_json({bytes.begin(), bytes.end()});
  } catch (const InputError&) {
    return Json(Json::value_t::discarded);
  }
}

/// Of what may name a file.
Json checksum_or_null(const std::string& path) {
  return path.empty() || path == "all" || path == "predicted" ? Json(nullptr) : Json(checksum_of_files({path}));
}

Json documents(const std::vector<std::string>& inputs) {
  Json all = Json::array();
  for (const std::string& path : inputs) all.push_back({{"input", path}, {"input_crc32", checksum_of_files({path})}});
  return all;
}

/// A name; of several layers a list.
Json layer_entry(const std::vector<std::string>& layers) {
  return layers.empty() ? Json(nullptr) : layers.size() == 1 ? Json(layers[0]) : Json(layers);
}

Json names_of(const std::vector<Method>& methods) {
  Json names = Json::array();
  for (const Method method : methods) names.push_back(to_string(method));
  return names;
}

Json document(const PreprocessingArguments& preprocessing) {
  return {{"size", preprocessing.size},
          {"crop", preprocessing.crop.empty() ? Json(nullptr) : Json(preprocessing.crop)},
          {"mean", preprocessing.mean},
          {"std", preprocessing.standard_deviation}};
}

Json document(const Drawing& drawing, const DrawingArguments& arguments) {
  return {{"gradcam", fmt::format("divided by its maximum, colour map {}, opacity {}",
                                  picture::name_of(drawing.colours), drawing.opacity)},
          {"guided_maps", fmt::format("sign {}, percentile {} of the absolute values at full contrast", arguments.sign,
                                      drawing.signed_maps.percentile)}};
}

}  // namespace

Record::Record(const RunSettings& settings) : checksum_(checksum_of_network(settings.arguments.model)) {}

Json Record::settings_document(const RunSettings& settings) const {
  const ExplainArguments& arguments = settings.arguments;
  return {{"whycam", version},
          {"model", arguments.model},
          {"model_crc32", checksum_},
          {"also", documents(arguments.also)},
          {"layer", layer_entry(settings.layers)},
          {"merge", arguments.merge},
          {"precision", arguments.precision},
          {"layer_side", arguments.layer_input ? "input" : "output"},
          {"layout", arguments.layout},
          {"input_layout", arguments.input_layout},
          {"output_element", arguments.output_element},
          {"before_softmax", arguments.before_softmax},
          {"targets", arguments.targets},
          {"region", arguments.region},
          {"region_crc32", checksum_or_null(arguments.region)},
          {"box", arguments.box},
          {"box_format", arguments.box_format},
          {"versus", arguments.versus},
          {"like", arguments.like},
          {"like_crc32", checksum_or_null(arguments.like)},
          {"labels", arguments.labels},
          {"labels_crc32", settings.labels.empty() ? Json(nullptr) : Json(settings.labels.checksum())},
          {"methods", names_of(settings.methods)},
          {"cam", arguments.cam},
          {"integration_steps", arguments.integration_steps},
          {"baseline", arguments.baseline},
          {"smooth", arguments.smooth},
          {"noise", arguments.noise},
          {"seed", arguments.seed},
          {"interpolation", arguments.interpolate},
          {"guided_rule", arguments.guided_rule},
          {"guide_clipped_relus", arguments.guide_clipped_relus},
          {"engine", arguments.engine},
          {"batch_size", arguments.batch_size},
          {"preprocessing", document(settings.preprocessing)},
          {"scaling", document(settings.drawing, arguments.drawing)},
          {"save_npy", arguments.save_npy},
          {"save_activations", arguments.save_activations},
          {"full_size", arguments.full_size},
          {"contact_sheet", arguments.contact_sheet}};
}

bool Record::take_over(RunSettings& settings) {
  std::error_code failure;
  if (!std::filesystem::is_regular_file(file_in(settings), failure)) return false;
  const Json earlier = read_json(file_in(settings));
  if (!earlier.is_object()) {
    damage_ = "\"" + file_in(settings).string() + "\" is damaged: all inputs are explained again";
    return false;
  }
  if (const auto layer = earlier.find("layer"); settings.layers.empty() && layer != earlier.end() && layer->is_string())
    settings.layers = {layer->get<std::string>()};
  const Json now = settings_document(settings);
  for (const auto& [name, value] : now.items()) {
    const Json was = earlier.value(name, Json());
    if (was != value)
      throw Failure(ExitCode::usage, "cannot resume: the run in \"" + settings.folder.string() + "\" has " + name +
                                         " " + to_text(was) + ", not " + to_text(value) +
                                         "; name another --output-dir, or start again without --resume");
  }
  if (const auto earlier_warnings = earlier.find("warnings");
      earlier_warnings != earlier.end() && earlier_warnings->is_array())
    for (const Json& warning : *earlier_warnings)
      if (warning.is_string()) warnings.push_back(warning);
  return true;
}

Json Record::write(const RunSettings& settings, const std::vector<ManifestLines>& inputs, bool finished) const {
  Json document = settings_document(settings);
  document["finished"] = finished;
  document["warnings"] = warnings;
  document["skipped"] = Json::array();
  document["explanations"] = Json::array();
  for (const ManifestLines& lines : inputs)
    for (const Json& line : lines) document[line.contains("skipped") ? "skipped" : "explanations"].push_back(line);
  write_text(file_in(settings), to_text(document, 2) + "\n");
  return document;
}

}  // namespace whycam::cli
