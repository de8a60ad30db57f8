// Processes that fork behind an explanation.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <vector>

#include "explain/network_state.h"

namespace whycam::test {
namespace {

class Fork : public testing::Test {
 protected:
  std::vector<float> map() const {
    const Tensor image{{1, 3, 64, 64}, std::vector<float>(3 * 64 * 64, 0.25F)};
    return network_.explain({image}, "stage2", {Target(2)}).targets[0].attributions(Method::guided_grad_cam)[0].values;
  }

  /// What `work` says in a child of this process; it is ended where it hangs.
  template <class Work>
  static bool in_child(const Work& work) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(60);
      _exit(work() ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

  Network network_{explain::open_graph(std::filesystem::path(WHYCAM_SOURCE_DIR "/tests/plain/network.onnx"))};
};

TEST_F(Fork, LeavesTheChildAnExplainerThatExplains) {
  const std::vector<float> before = map();
  EXPECT_TRUE(in_child([&] { return map() == before; })) << "with the plan that was made before the fork";
  EXPECT_TRUE(in_child([&] { return in_child([&] { return map() == before; }); })) << "in the child of a child";
  EXPECT_EQ(map(), before) << "and this process one, too";
}

}  // namespace
}  // namespace whycam::test
