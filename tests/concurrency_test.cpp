// One explainer from many threads, a batch over several devices, and memory over many explanations.
#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/cuda.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "support/gpu.h"
#include "support/networks.h"
#include "support/reference.h"
#include "support/scripted.h"

namespace whycam::test {
namespace {

const std::filesystem::path source = WHYCAM_SOURCE_DIR, shapes = source / "examples/shapes/shapes.pt";

void expect_threads_equal_one(const GuidedGradCam& explainer, const torch::Tensor& image, int classes) {
  // Each thread computes with one thread of libtorch's, so that sums are added in one order.
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  std::vector<torch::Tensor> serial;
  for (int target = 0; target < classes; ++target) serial.push_back(explainer.attribute(image, target));
  std::vector<torch::Tensor> parallel(200);
  std::vector<std::thread> workers;
  for (int worker = 0; worker < 8; ++worker)
    workers.emplace_back([&, worker] {
      at::set_num_threads(1);
      for (std::size_t i = worker; i < parallel.size(); i += 8)
        parallel[i] = explainer.attribute(image, static_cast<int>(i) % classes);
    });
  for (std::thread& worker : workers) worker.join();
  at::set_num_threads(threads);
  for (std::size_t i = 0; i < parallel.size(); ++i)
    ASSERT_TRUE(parallel[i].equal(serial[i % static_cast<std::size_t>(classes)])) << "explanation " << i;
}

TEST(Threads, EightOverOneExplainerGiveTheResultsOfOne) {
  torch::manual_seed(4);
  expect_threads_equal_one(GuidedGradCam(Model::load(shapes), "stage4"), torch::randn({1, 3, 64, 64}), 6);
}

TEST(Threads, ANetworkThatKeepsStateGivesTheResultsOfOne) {
  auto network =
      scripted(R"(
def forward(self, x):
    self.count.add_(1)
    self.last = torch.relu(torch.conv2d(x, self.weight)) * (self.count / self.count)
    return self.last.mean([2, 3])
)" + std::string(),
               {{"weight", torch::randn({4, 3, 3, 3})}, {"count", torch::ones({1})}, {"last", torch::ones({1})}});
  const torch::Tensor count = network.attr("count").toTensor();
  const GuidedBackprop explainer{Model(network)};
  const torch::Tensor image = torch::randn({1, 3, 16, 16});
  const torch::Tensor expected = explainer.attribute(image, 2);
  std::vector<std::thread> workers;
  std::vector<torch::Tensor> results(40);
  for (int worker = 0; worker < 4; ++worker)
    workers.emplace_back([&, worker] {
      for (std::size_t i = worker; i < results.size(); i += 4) results[i] = explainer.attribute(image, 2);
    });
  for (std::thread& worker : workers) worker.join();
  for (const torch::Tensor& result : results) expect_close(result, expected, 1e-6, "float32, any number of threads");
  EXPECT_TRUE(count.equal(torch::ones({1}))) << "the caller's buffer";
}

std::int64_t resident_kibibytes() {
  std::ifstream file("/proc/self/statm");
  std::int64_t total = 0, resident = 0;
  file >> total >> resident;
  return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

TEST(Memory, DoesNotGrowOverManyExplanations) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the address sanitizer keeps freed memory for a while";
#endif
  const GuidedGradCam explainer(Model::load(shapes), "stage4");
  const torch::Tensor image = torch::rand({1, 3, 64, 64});
  for (int i = 0; i < 50; ++i) explainer.attribute(image, i % 6);
  const std::int64_t before = resident_kibibytes();
  for (int i = 0; i < 500; ++i) explainer.attribute(image, i % 6);
  // One leaked activation of the stem alone would be 500 x 24 x 32 x 32 x 4 bytes = 48 MiB; allocators keep a little.
  EXPECT_LT(resident_kibibytes() - before, 8 * 1024);
}

using DeviceList = std::vector<torch::Device>;

class Devices : public testing::TestWithParam<DeviceList> {
 protected:
  void SetUp() override {
    if (with_gpu_ && !torch::cuda::is_available()) GTEST_SKIP() << no_gpu;
  }
  const DeviceList devices_ = GetParam();
  const bool with_gpu_ = std::any_of(devices_.begin(), devices_.end(), [](torch::Device one) { return one.is_cuda(); });
  /// Sums in another order for another batch size: float32 rounding alone. On a GPU, masks of ReLUs may flip by it,
  /// too.
  const double tolerance_ = with_gpu_ ? 1e-2 : 1e-4;
  const WithoutTf32 without_tf32_;
};

TEST_P(Devices, SplitABatchAndJoinItInOrder) {
  torch::manual_seed(6);
  const torch::Tensor images = torch::randn({5, 3, 64, 64});
  const Model model = Model::load(shapes);
  const auto target = Target::per_example({0, 3, 4, 1, 5});
  const auto options = AttributeOptions().interpolate_mode(Interpolation::bilinear);
  expect_close(GuidedGradCam(model, "stage4", devices_).attribute(images, target, options),
               GuidedGradCam(model, "stage4").attribute(images, target, options), tolerance_, "Guided Grad-CAM");
  expect_close(LayerGradCam(model, "stage4", devices_).attribute(images, target),
               LayerGradCam(model, "stage4").attribute(images, target), tolerance_, "Grad-CAM");
  expect_close(GuidedBackprop(model, devices_).attribute(images, target),
               GuidedBackprop(model).attribute(images, target), tolerance_, "guided backpropagation");
  EXPECT_THROW(GuidedGradCam(model, "stage5", devices_).attribute(images, target), LayerError);
  EXPECT_THROW(GuidedGradCam(model, "stage4", devices_).attribute(images, 6), TargetError);
}

TEST_P(Devices, GiveTheSameWhereAnotherThreadHasChosenTheNumberOfThreads) {
  torch::manual_seed(7);
  const torch::Tensor images = torch::randn({5, 3, 64, 64});
  const Model model = Model::load(shapes);
  const int threads = at::get_num_threads();
  std::thread([] { at::set_num_threads(1); }).join();  // of threads to come, not of this one
  const torch::Tensor actual = GuidedBackprop(model, devices_).attribute(images, 3);
  at::set_num_threads(threads);
  expect_close(actual, GuidedBackprop(model).attribute(images, 3), tolerance_, "guided backpropagation");
}

TEST_P(Devices, TakeAdditionalArgumentsAndSeveralInputs) {
  const auto network = scripted(R"(
def forward(self, x, y, mask, scale: float):
    return (torch.relu(self.inner.forward(torch.conv2d(x + y, self.weight))) * mask * scale).mean([2, 3])
)",
                                {{"weight", torch::randn({4, 2, 3, 3}, torch::kDouble)}},
                                {{"inner", scripted("def forward(self, x):\n    return x * 2\n")}});
  const torch::Tensor x = torch::randn({3, 2, 8, 8}, torch::kDouble), y = torch::randn({3, 2, 8, 8}, torch::kDouble);
  const auto options = AttributeOptions().additional_forward_args({torch::rand({3, 1, 1, 1}, torch::kDouble), 0.5});
  const auto expected = GuidedGradCam(network, "inner").attribute({x, y}, 1, options);
  const auto actual = GuidedGradCam(network, "inner", devices_).attribute({x, y}, 1, options);
  for (int i = 0; i < 2; ++i) expect_close(actual[i], expected[i], 1e-12, "double precision");
}

DeviceList replicas(std::size_t count) { return DeviceList(count, torch::kCPU); }

INSTANTIATE_TEST_SUITE_P(CpuReplicas, Devices, testing::Values(replicas(1), replicas(2), replicas(3), replicas(8)));
INSTANTIATE_TEST_SUITE_P(Gpu, Devices,
                         testing::Values(DeviceList{torch::kCUDA}, DeviceList{torch::kCUDA, torch::kCUDA},
                                         DeviceList{torch::kCPU, torch::kCUDA}));

TEST(DeviceMismatch, IsAClearError) {
  const GuidedGradCam explainer(Model::load(shapes), "stage4");
  try {
    explainer.attribute(torch::zeros({1, 3, 8, 8}, torch::kMeta), 0);
    FAIL();
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("the network is on cpu"), std::string::npos) << error.what();
  }
}

TEST(DeviceMismatch, AnOnnxNetworkStaysOnTheCpu) {
  const std::filesystem::path file = source / "tests/plain/network.onnx";
  EXPECT_THROW(GuidedBackprop(Model::load(file), {torch::kCUDA}), ModelError);
  try {
    Model::load(file, torch::kCUDA);
    FAIL();
  } catch (const ModelError& error) {
    EXPECT_NE(std::string(error.what()).find("on the CPU alone, not on cuda"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace whycam::test
