// Where memory ends.
#include "command/networks.h"

namespace whycam::test {
namespace {

class Memory : public InputsCommand {
 protected:
  /// Explains with so many kilobytes of address space.
  Outcome explain_within(int kilobytes, const std::vector<std::string>& arguments) const {
    std::string line = "ulimit -v " + std::to_string(kilobytes) + "; exec " + quoted(WHYCAM_COMMAND) + " explain";
    for (const std::string& argument : arguments) line += " " + quoted(argument);
    line += " --output-dir " + quoted(results()) + " >/dev/null 2>" + quoted(folder_ / "err");
    const int status = std::system(line.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, "", content(folder_ / "err")};
  }
};

TEST_F(Memory, ThatIsNotThereIsNamedAndNoFaultOfWhycam) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the address sanitizer takes more address space than there is";
#endif
  const std::string path = network({});
  // 48 million numbers of an input, and some ten times as many between the network's layers.
  const std::string x = array(noise({1, 3, 4000, 4000}));
  const Outcome outcome = explain_within(2500000, {path, x, "--layer", "second", "--target", "1", "--quiet"});
  if (outcome.exit_code == 127) GTEST_SKIP() << "the libraries alone take more address space: " << outcome.error;
  ASSERT_EQ(outcome.exit_code, 9) << outcome.error;
  EXPECT_NE(outcome.error.find("whycam: there is not enough memory: "), std::string::npos) << outcome.error;
  EXPECT_NE(outcome.error.find("were asked for at once; explain fewer or smaller inputs"), std::string::npos);
  EXPECT_TRUE(files().empty());
}

}  // namespace
}  // namespace whycam::test
