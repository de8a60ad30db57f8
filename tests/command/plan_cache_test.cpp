// Weights that a run leaves for the next one.
#include "command/networks.h"

namespace whycam::test {
namespace {

class PlanCache : public InputsCommand {
 protected:
  Outcome explain_with_cache(const std::vector<std::string>& more) {
    const fs::path examples = fs::path(WHYCAM_SOURCE_DIR) / "examples/shapes";
    return explain(with({examples / "shapes.pt2", examples / "two_shapes.png", "--quiet", "--save-npy"}, more));
  }
  /// All files but the record, which names the options.
  std::map<std::string, std::string> results_and_clean() const {
    std::map<std::string, std::string> found;
    for (const auto& entry : fs::directory_iterator(results()))
      if (entry.path().filename() != "explanation.json") found[entry.path().filename()] = content(entry.path());
    fs::remove_all(results());
    return found;
  }
  std::size_t kept() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(cache_), fs::directory_iterator()));
  }
  const fs::path cache_ = folder_ / "cache" / "of-plans";
};

TEST_F(PlanCache, ChangesNoNumber) {
  ASSERT_EQ(explain_with_cache({}).exit_code, 0);
  const auto expected = results_and_clean();
  for (int run = 0; run < 2; ++run) {
    ASSERT_EQ(explain_with_cache({"--plan-cache", cache_}).exit_code, 0);
    EXPECT_EQ(results_and_clean(), expected);
    EXPECT_GT(kept(), 3U);
  }
  for (const auto& entry : fs::directory_iterator(cache_)) std::ofstream(entry.path(), std::ios::app) << "more";
  ASSERT_EQ(explain_with_cache({"--plan-cache", cache_}).exit_code, 0);
  EXPECT_EQ(results_and_clean(), expected);
}

TEST_F(PlanCache, IsAFolder) {
  std::ofstream(folder_ / "file") << "no folder";
  const Outcome outcome = explain_with_cache({"--plan-cache", folder_ / "file"});
  EXPECT_EQ(outcome.exit_code, 7);
  EXPECT_NE(outcome.error.find("is no folder"), std::string::npos) << outcome.error;
  EXPECT_FALSE(fs::exists(results()));
  EXPECT_EQ(explain_with_cache({"--plan-cache", ""}).exit_code, 2);
}

TEST_F(PlanCache, IsOnlyReadInTheSandbox) {
  fs::create_directories(cache_);
  const Outcome outcome = explain_with_cache({"--plan-cache", cache_, "--sandbox"});
  if (outcome.exit_code == 2) GTEST_SKIP() << "this system has no Landlock: " << outcome.error;
  ASSERT_EQ(outcome.exit_code, 0) << outcome.error;
  EXPECT_EQ(kept(), 0U);
}

}  // namespace
}  // namespace whycam::test
