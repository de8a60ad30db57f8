// C++ networks of the reference answers: Captum's numbers.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "support/networks.h"
#include "support/reference.h"

namespace whycam::test {
namespace {

std::string network_name(const ReferenceCase& reference) { return reference.network().stem().string(); }

/// The layer's name in the C++ network, where a Tap stands for it.
std::string layer_in_cpp(const ReferenceCase& reference) {
  static const std::map<std::string, std::string> taps{{"plain2d_module relu2 input", "before_relu2"},
                                                       {"plain2d_inplace relu2 input", "before_relu2"},
                                                       {"dense enc", "after_enc"},
                                                       {"tiny_resnet stem", "after_stem"},
                                                       {"tiny_resnet stage2", "after_stage2"},
                                                       {"tiny_resnet stage2.1", "after_stage2"}};
  const std::string layer = reference.row.at("layer");
  const bool input = reference.row.at("attribute_to_layer_input");
  const auto found = taps.find(network_name(reference) + " " + layer + (input ? " input" : ""));
  return found == taps.end() ? layer : found->second;
}

class CppModuleReference : public testing::TestWithParam<ReferenceCase> {};

TEST_P(CppModuleReference, HasCaptumsNumbers) {
  const ReferenceCase& reference = GetParam();
  const auto tensors = reference.tensors();
  const auto inputs = reference.inputs(tensors);
  const AttributeOptions options = reference.options(tensors);
  const Model model = cpp_network(network_name(reference), torch::jit::load(reference.network().string()));
  const std::string layer = layer_in_cpp(reference);
  const auto expect_all = [&](const std::vector<torch::Tensor>& actual, const std::string& name) {
    for (std::size_t i = 0; i < inputs.size(); ++i)
      expect_close(actual.at(i), tensors.at(name + "." + std::to_string(i)), reference.tolerance(), name);
  };
  expect_all(GuidedGradCam(model, layer).attribute(inputs, reference.target(), options), "guided_grad_cam");
  expect_all(GuidedBackprop(model).attribute(inputs, reference.target(), options), "guided_backprop");
  expect_all(Deconvolution(model).attribute(inputs, reference.target(), options), "deconvolution");
  expect_close(LayerGradCam(model, layer).attribute(inputs, reference.target(), options), tensors.at("layer_grad_cam"),
               reference.tolerance(), "layer_grad_cam");
}

std::vector<ReferenceCase> cases_with_cpp_networks() {
  std::vector<ReferenceCase> cases;
  for (const ReferenceCase& reference : reference_cases("goldens"))
    if (has_cpp_network(network_name(reference))) cases.push_back(reference);
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Goldens, CppModuleReference, testing::ValuesIn(cases_with_cpp_networks()),
                         [](const auto& info) { return info.param.name(); });
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(CppModuleReference);

TEST(CppModuleReferenceCases, CoverNearlyAllNetworks) {
  if (!std::filesystem::exists(reference_dir() / "goldens"))
    GTEST_SKIP() << "no reference answers at " << reference_dir();
  std::set<std::string> networks;
  for (const ReferenceCase& reference : cases_with_cpp_networks()) networks.insert(network_name(reference));
  EXPECT_GE(networks.size(), 17u);
}

}  // namespace
}  // namespace whycam::test
