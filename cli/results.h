// What `whycam explain` writes for each input, and prints.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "arguments.h"
#include "input_reader.h"
#include "labels.h"
#include "manifest.h"
#include "shard.h"
#include "together.h"
#include "whycam/network.h"

namespace whycam::cli {

/// The settings of a run that its results name.
struct RunSettings {
  const ExplainArguments& arguments;
  std::vector<Method> methods;
  Drawing drawing;
  Labels labels;
  std::vector<std::string> layers;
  std::filesystem::path folder;
  Shard shard;
  PreprocessingArguments preprocessing;  ///< as it is used

  bool merges() const { return arguments.merge != "none"; }
  /// What maps are of: each layer, or all of them as one, by the name that files have.
  std::vector<std::string> shown_layers() const { return merges() ? std::vector{"merged-" + arguments.merge} : layers; }
};

/// One example's class, as it stands in tables, file names and the manifest.
struct ChosenClass {
  Target::Indices indices;  ///< empty where the output is one number an example
  double score = 0;
  std::optional<double> probability;
  std::string explained;  ///< what is explained, where it is more than the number of a class: "3 over predicted"
  std::optional<double> completeness_error;  ///< of integrated gradients
  std::string suffix;                        ///< of the files' names, which keeps that apart from the class itself
  std::optional<FoundBox> box;               ///< --box: whose row's class it is

  bool is_class() const { return indices.size() == 1; }
};

/// What was chosen for one of the examples, each class once.
struct ChosenTarget {
  const Network::TargetExplanation* target;
  ChosenClass chosen;
};
std::vector<ChosenTarget> chosen_for(const RunExplanation& explanation, std::int64_t example);

/// What becomes of one input.
struct Results {
  ManifestLines lines;                      ///< for the manifest, one an example and target
  std::vector<std::function<void()>> work;  ///< draws and writes the files that the lines name, in this order
};

/// The results of one input with its explained examples, which must stay until the work is done, by any thread, as must
/// all the rest but `names`, which keeps the files apart from others of the run. The work throws OutputError.
Results results_of(const RunSettings& settings, const Input& input, const InputReader& reader,
                   const std::vector<ExplainedExample>& examples, UniqueNames& names);

/// What a careful user should know of a network with such outputs, one sentence each.
std::vector<std::string> warnings_of_scores(const Tensor& output, std::int64_t example);

/// The table of classes that a person reads.
std::string summary(const RunSettings& settings, const Input& input, const std::vector<ExplainedExample>& examples);

}  // namespace whycam::cli
