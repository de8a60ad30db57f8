// What `whycam explain` writes and prints.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "arguments.h"
#include "inputs.h"
#include "labels.h"
#include "whycam/explanation.h"

namespace whycam::cli {

/// The settings of a run that its results name.
struct RunSettings {
  const ExplainArguments& arguments;
  std::vector<Method> methods;
  Labels labels;
  std::string layer;
  std::filesystem::path folder;
};

/// Writes the pictures (and arrays) of one input's explanation and returns its entries for explanation.json, one an
/// example, target and method; `names` keeps its files apart from others of the run. Throws OutputError.
nlohmann::ordered_json write_results(const RunSettings& settings, const Input& input, const Explanation& explanation,
                                     UniqueNames& names);

/// The table of classes that a person reads.
std::string summary(const RunSettings& settings, const Input& input, const Explanation& explanation);

/// Makes the folder and finds out early whether it can be written. Throws OutputError.
void prepare_folder(const std::filesystem::path& folder);

/// All of explanation.json.
nlohmann::ordered_json document(const RunSettings& settings, nlohmann::ordered_json explanations,
                                const std::vector<std::string>& warnings);

void write_text(const std::filesystem::path& path, const std::string& text);

}  // namespace whycam::cli
