// Limits that end in a signal.

#include "command/networks.h"

namespace whycam::test {
namespace {

class Signals : public InputsCommand {};

TEST_F(Signals, AFileBeyondTheLimitIsAsOnAFullDisk) {
  const std::string network_file = network({}), x = array(noise({1, 3, 64, 64}));
  const std::string line = "ulimit -f 1; exec " + quoted(WHYCAM_COMMAND) + " explain " + quoted(network_file) + " " +
                           quoted(x) + " --layer second --target 1 --save-npy --quiet --output-dir " +
                           quoted(results()) + " 2>/dev/null";
  const int status = std::system(line.c_str());
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 7);
  EXPECT_TRUE(files().empty()) << "no .part is left";
}

}  // namespace
}  // namespace whycam::test
