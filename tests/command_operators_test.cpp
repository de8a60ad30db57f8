// TorchScript networks whose code asks for what is not there: operators of other libraries, devices.
#include <torch/cuda.h>

#include "support/command.h"
#include "support/scripted.h"
#include "support/zip.h"

namespace whycam::test {
namespace {

class Operators : public Command {
 protected:
  std::string saved(const std::string& name, const std::string& first) const {
    scripted("def forward(self, x):\n    return self.layer.forward(" + first + ").mean([2, 3])\n", {},
             {{"layer", scripted("def forward(self, x):\n    return torch.relu(x - 0.1)\n")}})
        .save((folder_ / name).string());
    return folder_ / name;
  }
  /// A network that writes a file whenever it runs.
  std::string saving(const fs::path& file) const {
    scripted("def forward(self, x):\n    torch.save(x, '" + file.string() +
                 "')\n    return self.layer.forward(x).mean([2, 3])\n",
             {}, {{"layer", scripted("def forward(self, x):\n    return torch.relu(x - 0.1)\n")}})
        .save((folder_ / "saves.pt").string());
    return folder_ / "saves.pt";
  }
  /// A network that calls an operator which this process does not have.
  std::string with_operator(const std::string& name = "whycam_test.twice") const {
    std::vector<ZipEntry> entries = unzip(saved("negative.pt", "torch.neg(x)"));
    std::size_t replaced = 0;
    for (ZipEntry& entry : entries)
      if (const auto at = entry.content.find("torch.neg(x)");
          at != std::string::npos && fs::path(entry.name).extension() == ".py") {
        entry.content.replace(at, 12, "ops." + name + "(x)");
        ++replaced;
      }
    EXPECT_EQ(replaced, 1U);
    const fs::path path = folder_ / "twice.pt";
    std::ofstream(path, std::ios::binary) << zip(entries);
    return path;
  }
  std::vector<std::string> rest_{(shapes / "two_shapes.png").string(),
                                 "--size",
                                 "32",
                                 "--layer",
                                 "layer",
                                 "--target",
                                 "1",
                                 "--save-npy",
                                 "--quiet"};

  Outcome explain_network(const std::string& network, const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments{"explain", network};
    arguments.insert(arguments.end(), more.begin(), more.end());
    arguments.insert(arguments.end(), rest_.begin(), rest_.end());
    arguments.insert(arguments.end(), {"--output-dir", results()});
    return run(arguments);
  }
  std::string map() const { return content(fs::path(results()) / "two_shapes-layer-1-guided-gradcam.npy"); }
};

TEST_F(Operators, OfALibraryAreAskedFor) {
  expect_failure(explain_network(with_operator()), 3,
                 "it calls the operator whycam_test::twice, which libtorch does not have; load the shared library");
}

TEST_F(Operators, OfALibraryAreLoaded) {
  const std::string network = with_operator();
  const Outcome outcome = explain_network(network, {"--operators", WHYCAM_TEST_OPERATORS});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.error;
  const std::string found = map();
  fs::remove_all(results());
  ASSERT_EQ(explain_network(saved("product.pt", "x * 2")).exit_code, 0);
  EXPECT_FALSE(found.empty());
  EXPECT_EQ(found, map()) << "of the same function, in libtorch's own operators";
}

TEST_F(Operators, AreNotLoadedFromWhatIsNoLibrary) {
  const std::string network = saved("product.pt", "x * 2");
  for (const std::string& library : {(folder_ / "missing.so").string(), network})
    expect_failure(explain_network(network, {"--operators", library}), 3, library);
}

TEST_F(Operators, ThatPrintDoNotReachStandardOutput) {
  scripted(
      "def forward(self, x):\n    print('printed by the network')\n    return self.layer.forward(x).mean([2, 3])\n", {},
      {{"layer", scripted("def forward(self, x):\n    return torch.relu(x - 0.1)\n")}})
      .save((folder_ / "prints.pt").string());
  rest_ = {(shapes / "two_shapes.png").string(), "--size", "32", "--layer", "layer", "--target", "1", "--json"};
  const Outcome outcome = explain_network(folder_ / "prints.pt");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.error;
  EXPECT_TRUE(nlohmann::json::accept(outcome.out)) << outcome.out;
  EXPECT_NE(outcome.error.find("printed by the network\n"), std::string::npos) << outcome.error;
  fs::remove_all(results());
  rest_.push_back("--quiet");
  EXPECT_EQ(explain_network(folder_ / "prints.pt").error, "");
}

TEST_F(Operators, ThatTouchFilesAreRefusedInTheSandbox) {
  const fs::path victim = folder_ / "victim";
  std::ofstream(victim) << "untouched";
  const std::string reads = "x + torch.from_file('" + victim.string() + "', False, 4, dtype=0).sum()";
  for (const std::string& network : {saved("reads.pt", reads), saving(victim)}) {
    SCOPED_TRACE(network);
    std::ofstream(victim) << "untouched";
    const Outcome refused = explain_network(network, {"--sandbox"});
    if (refused.error.find("has no Landlock") != std::string::npos) GTEST_SKIP() << refused.error;
    expect_failure(refused, 8, ", which --sandbox refuses");
    EXPECT_EQ(content(victim), "untouched");
    const Outcome trusted = explain_network(network);
    EXPECT_EQ(trusted.exit_code, 0) << trusted.error;
    fs::remove_all(results());
  }
}

TEST_F(Operators, OfALibraryAreKeptFromFilesByTheSystem) {
  const fs::path victim = folder_ / "victim";
  setenv("WHYCAM_TEST_VICTIM", victim.c_str(), 1);
  const std::string network = with_operator("whycam_test.writing");
  const Outcome outcome = explain_network(network, {"--operators", WHYCAM_TEST_OPERATORS, "--sandbox"});
  EXPECT_FALSE(fs::exists(victim)) << outcome.error;
  EXPECT_EQ(explain_network(network, {"--operators", WHYCAM_TEST_OPERATORS}).exit_code, 0);
  EXPECT_TRUE(fs::exists(victim)) << "it writes where it may";
}

TEST_F(Operators, OnDevicesThatAreNotHereAreNamed) {
  if (torch::cuda::is_available()) GTEST_SKIP() << "the device is here";
  expect_failure(explain_network(saved("cuda.pt", "x + torch.zeros([1], device=torch.device('cuda'))")), 8,
                 "its code names the device cuda, which is not here");
}

}  // namespace
}  // namespace whycam::test
