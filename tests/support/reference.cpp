#include "support/reference.h"

#include <torch/csrc/jit/serialization/pickle.h>

#include <gtest/gtest.h>

#include <fstream>

namespace whycam::test {

std::filesystem::path reference_dir() { return WHYCAM_REFERENCE_DIR; }

std::map<std::string, torch::Tensor> load_tensors(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  std::map<std::string, torch::Tensor> tensors;
  for (const auto& entry : torch::jit::pickle_load(bytes).toGenericDict())
    tensors[entry.key().toStringRef()] = entry.value().toTensor();
  return tensors;
}

std::map<std::string, torch::Tensor> ReferenceCase::tensors() const {
  return load_tensors(folder / (name() + ".tensors.pt"));
}

std::vector<torch::Tensor> ReferenceCase::inputs(const std::map<std::string, torch::Tensor>& tensors) const {
  std::vector<torch::Tensor> inputs;
  for (int i = 0; i < row.at("inputs").get<int>(); ++i) inputs.push_back(tensors.at("inputs." + std::to_string(i)));
  return inputs;
}

Target ReferenceCase::target() const {
  const auto& target = row.at("target");
  if (target.is_null()) return {};
  if (target.contains("index")) return target["index"].get<std::int64_t>();
  if (target.contains("list")) return Target::per_example(target["list"]);
  if (target.contains("tuple")) return Target::at(target["tuple"]);
  if (target.contains("tuples")) return Target::per_example_at(target["tuples"]);
  if (target["dim"] == 0) return torch::tensor(target["tensor"].get<std::int64_t>());
  return torch::tensor(target["tensor"].get<std::vector<std::int64_t>>());
}

AttributeOptions ReferenceCase::options(const std::map<std::string, torch::Tensor>& tensors) const {
  std::vector<c10::IValue> arguments;
  for (const auto& argument : row.at("additional_forward_args")) {
    if (argument.contains("tensor")) arguments.emplace_back(tensors.at(argument["tensor"]));
    if (argument.contains("float")) arguments.emplace_back(argument["float"].get<double>());
    if (argument.contains("bool")) arguments.emplace_back(argument["bool"].get<bool>());
    if (argument.contains("int")) arguments.emplace_back(argument["int"].get<std::int64_t>());
    if (argument.contains("none")) arguments.emplace_back();
  }
  return AttributeOptions()
      .additional_forward_args(arguments)
      .interpolate_mode(interpolation_named(row.at("interpolate_mode")))
      .attribute_to_layer_input(row.at("attribute_to_layer_input"))
      .guided_rule(row.at("guided_rule") == "paper" ? GuidedRule::paper : GuidedRule::captum);
}

void PrintTo(const ReferenceCase& reference, std::ostream* out) { *out << reference.name(); }

std::vector<ReferenceCase> reference_cases(const std::string& folder) {
  const std::filesystem::path path = reference_dir() / folder;
  std::ifstream file(path / "manifest.json");
  std::vector<ReferenceCase> cases;
  if (!file) return cases;
  for (const auto& row : nlohmann::json::parse(file)) cases.push_back({path, row});
  return cases;
}

double relative_error(const torch::Tensor& actual, const torch::Tensor& expected) {
  const double scale = expected.abs().max().item<double>();
  const double error = (actual.to(expected.scalar_type()) - expected).abs().max().item<double>();
  return scale == 0 ? error : error / scale;
}

void expect_close(const torch::Tensor& actual, const torch::Tensor& expected, double tolerance,
                  const std::string& what) {
  ASSERT_TRUE(actual.defined()) << what;
  if (expected.numel() == 0) {
    EXPECT_EQ(actual.numel(), 0) << what << " should be empty";
    return;
  }
  ASSERT_EQ(actual.sizes(), expected.sizes()) << what;
  ASSERT_EQ(actual.scalar_type(), expected.scalar_type()) << what;
  EXPECT_LE(relative_error(actual, expected), tolerance) << what;
  EXPECT_FALSE(actual.requires_grad()) << what;
}

}  // namespace whycam::test
