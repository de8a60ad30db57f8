// Reference answers of Captum: rows of a manifest.json with a network and tensors each.
#pragma once

#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "whycam/whycam.h"

namespace whycam::test {

struct ReferenceCase {
  std::filesystem::path folder;
  nlohmann::json row;

  std::string name() const { return row.at("case"); }
  double tolerance() const { return row.at("rtol"); }
  std::filesystem::path network() const { return folder / row.at("network").get<std::string>(); }
  /// The case's tensors by name: inputs, arguments and expected answers.
  std::map<std::string, torch::Tensor> tensors() const;
  std::vector<torch::Tensor> inputs(const std::map<std::string, torch::Tensor>& tensors) const;
  Target target() const;
  AttributeOptions options(const std::map<std::string, torch::Tensor>& tensors) const;
};

void PrintTo(const ReferenceCase& reference, std::ostream* out);

/// The rows of `folder`/manifest.json; none where the folder is absent.
std::vector<ReferenceCase> reference_cases(const std::string& folder);

/// The folder of reference answers.
std::filesystem::path reference_dir();

/// A dictionary of tensors as torch.save writes it.
std::map<std::string, torch::Tensor> load_tensors(const std::filesystem::path& path);

/// The largest error as a fraction of the largest absolute expected value.
double relative_error(const torch::Tensor& actual, const torch::Tensor& expected);

/// Checks type, shape and values; a size of 0 is expected to be met exactly.
void expect_close(const torch::Tensor& actual, const torch::Tensor& expected, double tolerance,
                  const std::string& what);

}  // namespace whycam::test
