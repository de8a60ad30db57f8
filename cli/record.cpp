#include "record.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "checksum.h"
#include "exit_code.h"
#include "whycam/errors.h"
#include "whycam/picture/files.h"
#include "whycam/version.h"

namespace whycam::cli {
namespace {

/// The largest document that is read, in bytes: that of millions of maps.
constexpr std::uintmax_t largest = std::uintmax_t{1} << 32;

constexpr char name_of_record[] = "explanation", ending_of_record[] = ".json";

std::filesystem::path record_in(const std::filesystem::path& folder, const Shard& shard) {
  return folder / shard.file(name_of_record, ending_of_record);
}

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

namespace {

/// What takes many passes.
Json repetition_document(const ExplainArguments& arguments) {
  return {{"integration_steps", arguments.integration_steps},
          {"baseline", arguments.baseline},
          {"smooth", arguments.smooth},
          {"noise", arguments.noise},
          {"seed", arguments.seed}};
}

}  // namespace

Json Record::settings_document(const RunSettings& settings) const {
  const ExplainArguments& arguments = settings.arguments;
  Json document_of_all{{"whycam", version},
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
  document_of_all.update(repetition_document(arguments));
  return document_of_all;
}

std::vector<Shard> shards_in(const std::filesystem::path& folder) {
  std::set<std::pair<std::uint64_t, std::uint64_t>> found;
  std::error_code failure;
  for (auto entry = std::filesystem::directory_iterator(folder, failure);
       !failure && entry != std::filesystem::directory_iterator(); entry.increment(failure)) {
    const std::string file = entry->path().filename().string();
    for (const auto& shard :
         {shard_of_file(file, "manifest", ".jsonl"), shard_of_file(file, name_of_record, ending_of_record)})
      if (shard) found.emplace(shard->count, shard->number);
  }
  if (failure) throw OutputError("cannot read the folder \"" + folder.string() + "\": " + failure.message());
  std::vector<Shard> shards;
  for (const auto& [count, number] : found) shards.push_back({number, count});
  return shards;
}

Json read_record(const std::filesystem::path& folder, const Shard& shard) {
  const Json record = read_json(record_in(folder, shard));
  return record.is_object() ? record : Json(Json::value_t::discarded);
}

void Record::require_same(const RunSettings& settings, const Json& earlier) const {
  const Json now = settings_document(settings);
  for (const auto& [name, value] : now.items()) {
    const Json was = earlier.value(name, Json());
    if (was == value || (name == "layer" && was.is_null())) continue;  // it had found no layer yet
    throw Failure(ExitCode::usage, "cannot resume: the run in \"" + settings.folder.string() + "\" has " + name + " " +
                                       to_text(was) + ", not " + to_text(value) +
                                       "; name another --output-dir, or start again without --resume");
  }
}

std::vector<Shard> Record::take_over(RunSettings& settings) {
  std::vector<Shard> shards = shards_in(settings.folder), believed;
  std::stable_partition(shards.begin(), shards.end(), [&](const Shard& shard) { return shard == settings.shard; });
  for (const Shard& shard : shards) {
    const std::filesystem::path file = record_in(settings.folder, shard);
    std::error_code failure;
    if (!std::filesystem::is_regular_file(file, failure)) continue;
    const Json earlier = read_record(settings.folder, shard);
    if (earlier.is_discarded()) {
      damage_.push_back("\"" + file.string() + "\" is damaged: all inputs " +
                        (shards.size() == 1 ? "" : "of that run ") + "are explained again");
      continue;
    }
    if (const auto layer = earlier.find("layer");
        settings.layers.empty() && layer != earlier.end() && layer->is_string())
      settings.layers = {layer->get<std::string>()};
    require_same(settings, earlier);
    believed.push_back(shard);
    const Json earlier_warnings = shard == settings.shard ? earlier.value("warnings", Json()) : Json();
    for (const Json& warning : earlier_warnings)
      if (earlier_warnings.is_array() && warning.is_string()) warnings.push_back(warning);
  }
  return believed;
}

Json Record::write(const RunSettings& settings, const std::vector<ManifestLines>& inputs, bool finished) const {
  Json document = settings_document(settings);
  document["finished"] = finished;
  document["warnings"] = warnings;
  document["skipped"] = Json::array();
  document["explanations"] = Json::array();
  for (const ManifestLines& lines : inputs)
    for (const Json& line : lines) document[line.contains("skipped") ? "skipped" : "explanations"].push_back(line);
  write_text(record_in(settings.folder, settings.shard), to_text(document, 2) + "\n");
  return document;
}

}  // namespace whycam::cli
