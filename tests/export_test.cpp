// Networks with their explanation inside, as ONNX files.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "formats/onnx/network.h"
#include "support/command.h"
#include "support/exported.h"
#include "support/reference.h"

namespace whycam::test {
namespace {

template <class Call>
std::string message_of(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

/// Why a reference case is not exported, where it is not.
const std::map<std::string, std::string> refused{
    {"plain2d_mode_linear_empty", "cannot be resized"},
    {"plain2d_mode_trilinear_empty", "cannot be resized"},
    {"plain2d_layer_fc_input_empty", "cannot be resized"},
    {"plain2d_double", "a tensor of the type Double"},
};

class ExportedReference : public testing::TestWithParam<const char*> {};

TEST_P(ExportedReference, GivesInOnnxRuntimeWhatWhycamGives) {
  if (reference_cases(GetParam()).empty()) GTEST_SKIP() << "the reference answers are absent";
  torch::manual_seed(2);
  OnnxRuntime runtime;
  std::set<std::string> done;  // what differs in the target alone is one file
  // The reference's inputs are not used here, but random ones: in a network of many ReLUs, some masks flip where an
  // activation is 0 up to rounding, as the arithmetic has it (see torchvision_test.cpp).
  const double tolerance_of_masks = std::string(GetParam()) == "real" ? 2e-3 : 0;
  for (const ReferenceCase& reference : reference_cases(GetParam())) {
    const std::string layer = reference.row.at("layer");
    const std::string what =
        reference.network().string() + layer + reference.row.at("interpolate_mode").get<std::string>();
    if (std::string(GetParam()) == "real" && !done.insert(what).second) continue;
    SCOPED_TRACE(reference.name());
    const auto tensors = reference.tensors();
    const std::vector<torch::Tensor> inputs = reference.inputs(tensors);
    const Model model = Model::load(reference.network());
    const AttributeOptions options = reference.options(tensors);
    const auto call = [&] {
      // Additional arguments belong to their examples: then the batch stays.
      const bool alone = options.additional_forward_args().empty();
      add_exported(runtime, reference.name(), model, inputs, Layer(layer), options,
                   std::max(reference.tolerance(), tolerance_of_masks),
                   alone ? std::vector<std::int64_t>{1, 3} : std::vector<std::int64_t>{inputs[0].size(0)});
    };
    const auto reason = refused.find(reference.name());
    const std::string message = message_of(call);
    if (reason == refused.end())
      EXPECT_EQ(message, "nothing was thrown");
    else
      EXPECT_NE(message.find(reason->second), std::string::npos) << message;
  }
  if (!OnnxRuntime::available()) GTEST_SKIP() << OnnxRuntime::missing;
  EXPECT_EQ(runtime.run(), "");
}

INSTANTIATE_TEST_SUITE_P(Answers, ExportedReference, testing::Values("goldens", "real"),
                         [](const auto& info) { return std::string(info.param); });

class Export : public Command {
 protected:
  Model model_ = Model::load(shapes / "shapes.pt");
  torch::Tensor picture_ = torch::zeros({1, 3, 96, 96});
  fs::path file_ = folder_ / "explained.onnx";
};

TEST_F(Export, SaysInTheFileWhatItIs) {
  export_explanation(model_, {picture_}, "stage3", file_, AttributeOptions().guided_rule(GuidedRule::paper),
                     {{"who", "a test"}});
  for (const char* text : {"whycam_layer", "stage3", "whycam_guided_rule", "paper", "whycam_interpolation", "nearest",
                           "whycam_version", version, "who", "a test"})
    EXPECT_NE(content(file_).find(text), std::string::npos) << text;
  const auto network = onnx::Network::parse(content(file_), "the exported network", {});
  std::vector<std::string> outputs;
  for (const onnx::Port& port : network->outputs()) outputs.push_back(port.name);
  EXPECT_EQ(outputs, (std::vector<std::string>{"output", "grad_cam", "guided_backprop", "guided_grad_cam"}));
  EXPECT_EQ(network->inputs().back().name, "target");
  EXPECT_EQ(network->inputs()[0].shape, (graph::Shape{-1, 3, 96, 96})) << "any number of examples";
}

TEST_F(Export, ServesBatchesOfAnySizeFromSeveralThreads) {
  torch::manual_seed(4);
  OnnxRuntime runtime;
  add_exported(runtime, "shapes", model_, {picture_}, "stage4", {}, 2e-3,  // some masks flip, as above
               {1, 2, 5, 8});
  runtime.expect_failure(
      "one row of a class that is not there", "shapes",
      {{"pictures", {{2, 3, 96, 96}, std::vector<float>(2 * 3 * 96 * 96)}}, {"target", {{2}, {3, 6}, true}}});
  if (!OnnxRuntime::available()) GTEST_SKIP() << OnnxRuntime::missing;
  EXPECT_EQ(runtime.run(/*threads=*/4), "");
}

TEST_F(Export, TakesAnExportedProgram) {
  torch::manual_seed(5);
  OnnxRuntime runtime;
  const fs::path networks = fs::path(WHYCAM_SOURCE_DIR) / "tests/pt2/networks";
  add_exported(runtime, "squeeze", Model::load(networks / "squeeze.batch.pt2"), {torch::zeros({1, 3, 12, 12})},
               "depthwise", {}, 1e-5);  // float32, few operations
  if (!OnnxRuntime::available()) GTEST_SKIP() << OnnxRuntime::missing;
  EXPECT_EQ(runtime.run(), "");
}

TEST_F(Export, HoldsEachWeightOnce) {
  export_explanation(model_, {picture_}, "stage3", file_);
  std::size_t weights = 0;
  for (const torch::Tensor& parameter : torch::jit::load((shapes / "shapes.pt").string()).parameters())
    weights += parameter.nbytes();
  EXPECT_LE(file_size(file_), weights + 64 * 1024) << "and what the nodes and the matrices of the resizing take";
}

TEST_F(Export, RefusesALayerThatIsNotThereAndLeavesNoFile) {
  EXPECT_THROW(export_explanation(model_, {picture_}, "nowhere", file_), LayerError);
  EXPECT_THROW(export_explanation(model_, {torch::zeros({1, 3, 0, 96})}, "stage3", file_), Error);
  EXPECT_FALSE(exists(file_));
}

TEST_F(Export, RefusesAFileThatCannotBeWritten) {
  EXPECT_THROW(export_explanation(model_, {picture_}, "stage3", folder_ / "no folder" / "explained.onnx"), OutputError);
}

TEST_F(Export, RefusesANetworkThatLooksAtItsNumbers) {
  torch::jit::Module module("branching");
  module.define(R"(
    def forward(self, x):
        if bool(x.sum() > 0):
            return x.mean([2, 3])
        return x.relu().mean([2, 3])
  )");
  module.eval();
  const std::string message = message_of([&] { export_explanation(module, {picture_}, "", file_); });
  EXPECT_NE(message, "nothing was thrown");
  EXPECT_FALSE(exists(file_));
}

TEST_F(Export, IsACommand) {
  const Outcome outcome = run({"export", shapes / "shapes.pt", "--layer", "stage3", "--size", "96", "--output", file_});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
  EXPECT_NE(outcome.out.find("explains the layer stage3"), std::string::npos) << outcome.out;
  EXPECT_NE(content(file_).find("whycam_source_crc32"), std::string::npos);
  const Outcome again = run({"export", file_, "--layer", "target", "--size", "96", "--output", folder_ / "twice.onnx"});
  EXPECT_EQ(again.exit_code, 3) << again.error;
  EXPECT_NE(again.error.find("explain the network it was made from"), std::string::npos) << again.error;
  EXPECT_EQ(std::count(again.error.begin(), again.error.end(), '\n'), 1) << again.error;
  EXPECT_FALSE(exists(folder_ / "twice.onnx"));
}

TEST_F(Export, RefusesWhatItIsNotMadeForInOneLine) {
  const std::string network = shapes / "shapes.pt", output = fs::path(results()) / "explained.onnx";
  fs::create_directories(results());
  const struct {
    std::vector<std::string> arguments;
    int exit_code;
    const char* words;
  } rows[] = {
      {{}, 2, "MODEL"},
      {{network, "--size", "0"}, 2, "--size"},
      {{network, "--engine", "autograd"}, 2, "--engine"},
      {{network, "--interpolate", "linear"}, 2, "does not fit pictures"},
      {{network, "--guided-rule", "mine"}, 2, "captum or paper"},
      {{"no network.pt"}, 3, "no network.pt"},
      {{shapes / "labels.txt"}, 3, "labels.txt"},
      {{network, "--layer", "stage9"}, 5, "stage"},
      {{network, "--layer", "classifier"}, 5, "cannot be resized"},
      {{network, "--channels", "5"}, 8, "5"},
      {{network, "--output-element", "2"}, 8, "element"},
  };
  for (const auto& row : rows) {
    std::vector<std::string> arguments{"export"};
    arguments.insert(arguments.end(), row.arguments.begin(), row.arguments.end());
    SCOPED_TRACE(arguments.size() > 2 ? arguments[2] + " " + arguments.back() : arguments.back());
    arguments.insert(arguments.end(), {"--output", output});
    expect_failure(run(arguments), row.exit_code, row.words);
  }
  expect_failure(run({"export", network, "--output", folder_ / "no folder/explained.onnx"}), 7, "no folder");
  const fs::path copy = folder_ / "copy.pt", link = folder_ / "link.pt";
  fs::copy_file(network, copy);
  fs::create_symlink(copy, link);
  for (const auto& [from, to] : {std::pair{copy, copy}, {copy, link}, {link, copy}})
    expect_failure(run({"export", from, "--output", to}), 2, "is the network itself; name another file");
  EXPECT_EQ(content(copy), content(network));
}

std::vector<float> numbers_in(const fs::path& file) {
  const std::string bytes = content(file);
  std::vector<float> numbers(bytes.size() / sizeof(float));
  std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(numbers.data()));
  return numbers;
}

TEST_F(Export, ExplainsInABrowserWhatIsClicked) {
  const std::string scripts = WHYCAM_SOURCE_DIR "/tests/exported", example = WHYCAM_SOURCE_DIR "/examples/browser";
  if (!fs::exists(scripts + "/node_modules/playwright-core") || !fs::exists("/usr/bin/chromium"))
    GTEST_SKIP() << "no Chromium, or no playwright-core beside tests/exported";
  const fs::path page = folder_ / "page", results = folder_ / "results";
  fs::create_directories(results);
  for (const char* file : {"build.mjs", "index.html", "page.mjs", "pictures.mjs"}) {
    fs::create_directories(folder_ / "example");
    fs::copy(fs::path(example) / file, folder_ / "example" / file);
  }
  fs::create_directory_symlink(scripts + "/node_modules", folder_ / "example" / "node_modules");
  export_explanation(model_, {torch::zeros({1, 3, 224, 224})}, "stage4", file_,
                     AttributeOptions().interpolate_mode(Interpolation::bilinear));
  const auto node = [&](const std::vector<std::string>& words) {
    std::string line = "node";
    for (const std::string& word : words) line += " " + quoted(word);
    return std::system((line + " >" + quoted(folder_ / "log") + " 2>&1").c_str());
  };
  ASSERT_EQ(node({folder_ / "example/build.mjs", file_, shapes / "labels.txt", "--output", page}), 0)
      << content(folder_ / "log");
  ASSERT_EQ(node({scripts + "/browser.mjs", page, scripts, shapes / "two_shapes.png", "star", results}), 0)
      << content(folder_ / "log");
  EXPECT_EQ(content(results / "classes.txt").rfind("ring", 0), 0U) << content(results / "classes.txt");
  std::vector<float> picture = numbers_in(results / "input.bin");
  ASSERT_EQ(picture.size(), 3U * 224 * 224);
  const torch::Tensor input = torch::from_blob(picture.data(), {1, 3, 224, 224});
  const Explanation expected =
      GuidedGradCam(model_, "stage4")
          .explain({input}, {Target(3)}, AttributeOptions().interpolate_mode(Interpolation::bilinear));
  const auto expect_shown = [&](const char* file, const torch::Tensor& tensor) {
    std::vector<float> shown = numbers_in(results / file);
    ASSERT_EQ(static_cast<std::int64_t>(shown.size()), tensor.numel());
    const torch::Tensor actual = torch::from_blob(shown.data(), tensor.sizes());
    EXPECT_LE((actual - tensor).norm().item<double>(), 1e-3 * tensor.norm().item<double>())
        << file << ": masks may flip";
  };
  const LayerExplanation& layer = expected.targets[0].layers[0];
  expect_shown("cam.bin", layer.upsampled[0]);
  expect_shown("guided.bin", layer.guided_grad_cam[0]);
  EXPECT_GT(fs::file_size(results / "page.png"), 10000U);
}

}  // namespace
}  // namespace whycam::test
