// Networks that a PyTorch newer than the libtorch at hand saved as TorchScript: transformers, whose operators are
// provided where libtorch lacks them, and choices and writing in place. Both engines give what Captum and
// pytorch-grad-cam say (tests/fixtures/pt2.py).
#include <gtest/gtest.h>

#include "whycam/picture/npy.h"
#include "whycam/whycam.h"

namespace whycam::test {
namespace {

const std::filesystem::path folder = WHYCAM_SOURCE_DIR "/tests/pt2/networks";

struct Case {
  const char* network;
  const char* layer;
  Layout layout;
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.network; }

torch::Tensor numbers_of(const std::string& file) {
  return to_tensor(picture::to_array(picture::read_npy(folder / file)));
}

class NewerTorchScript : public testing::TestWithParam<Case> {
 protected:
  /// The references are in single precision, too.
  void expect_references(Engine engine, const Layout& layout) const {
    const std::string name = GetParam().network;
    Options options;
    options.engine = engine;
    options.layout = layout;
    const picture::Array x = picture::to_array(picture::read_npy(folder / (name + ".x.npy")));
    const Network::Explanation explanation =
        Network::load(folder / (name + ".pt")).explain({x}, GetParam().layer, {Target(1)}, options);
    EXPECT_EQ(explanation.engine, to_string(engine));
    const std::pair<Method, const char*> methods[] = {{Method::grad_cam, "gradcam"},
                                                      {Method::guided_backprop, "guided-backprop"},
                                                      {Method::guided_grad_cam, "guided-gradcam"}};
    for (const auto& [method, file] : methods) {
      const torch::Tensor expected = numbers_of(name + "." + file + ".npy"),
                          actual = to_tensor(explanation.targets[0].attributions(method)[0]);
      EXPECT_LT(((actual - expected).norm() / expected.norm()).item<double>(), 1e-5) << file;
    }
  }
};

TEST_P(NewerTorchScript, IsExplainedByTheCompiledEngine) { expect_references(Engine::compiled, Layout()); }

/// Of a run nobody can tell which tokens are a grid.
TEST_P(NewerTorchScript, IsExplainedByAutograd) { expect_references(Engine::autograd, GetParam().layout); }

INSTANTIATE_TEST_SUITE_P(
    Small, NewerTorchScript,
    testing::Values(Case{"choices", "body", Layout()}, Case{"registers", "blocks.1.norm1", Layout::tokens({3, 4}, 4)},
                    Case{"torchvision_vit", "encoder.layers.encoder_layer_1.ln_1", Layout::tokens({3, 3}, 1)},
                    Case{"torchvision_swin", "features.3.1.norm1", Layout::channels_last()}),
    [](const auto& info) { return std::string(info.param.network); });

}  // namespace
}  // namespace whycam::test
