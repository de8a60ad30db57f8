// What files say, on a terminal.
#include "command/networks.h"

namespace whycam::test {
namespace {

class Terminal : public InputsCommand {};

TEST_F(Terminal, IsSentNoControlCharactersOfFiles) {
  const std::string x = array(noise({1, 3, 8, 8}), "x\x1b[2J\xc2\x9b.npy");
  std::ofstream(folder_ / "labels.txt") << "one\n\x1b]0;title\x07\nthree\nfour\nfive\n";
  const Outcome outcome =
      explain({network({}), x, "--layer", "second", "--target", "1", "--labels", folder_ / "labels.txt"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
  for (const std::string& text : {outcome.out, outcome.error})
    for (const char* control : {"\x1b", "\x07", "\xc2\x9b"}) EXPECT_EQ(text.find(control), std::string::npos) << text;
  EXPECT_NE(outcome.out.find("\\x1b]0;title\\x07"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("x\\x1b[2J\\x9b.npy"), std::string::npos) << outcome.out;
}

TEST_F(Terminal, GetsOneLineOfWrongUse) {
  const Outcome outcome = run({"explain", "a\nb\x1b", "--frob\nnicate"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_EQ(std::count(outcome.error.begin(), outcome.error.end(), '\n'), 1) << outcome.error;
  EXPECT_EQ(outcome.error.find('\x1b'), std::string::npos) << outcome.error;
}

TEST_F(Terminal, IsToldTheNearestNameOfAWrongOne) {
  expect_failure(run({"explian", "network.onnx"}), 2, "\"explian\" is nearest to \"explain\"");
  expect_failure(run({"explain", "network.onnx", "x.png", "--metod=gradcam"}), 2,
                 "\"--metod\" is nearest to \"--method\"");
  expect_failure(run({"layers", "network.onnx", "--sise", "8"}), 2, "\"--sise\" is nearest to \"--size\"");
}

}  // namespace
}  // namespace whycam::test
