// What passes the check of network files does not end the process inside libtorch.
#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <random>

#include "support/temporary_folder.h"
#include "support/zip.h"
#include "whycam/errors.h"
#include "whycam/model.h"

namespace whycam::test {
namespace {

namespace fs = std::filesystem;

constexpr unsigned seconds = 30;  ///< no load of a file of some kilobytes takes longer; a hang does

/// Loads the network and runs it once, in a process of its own. The wait status.
int status_of_use(const fs::path& path) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(seconds);
    at::set_num_threads(1);  // a forked process does not have the threads that OpenMP counts on
    try {
      Model::load(path).layers({torch::zeros({1, 3, 8, 8})});
    } catch (const Error&) {
      _exit(1);
    } catch (const std::bad_alloc&) {
      _exit(1);
    } catch (...) {
      _exit(2);
    }
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

/// One or a few bytes of one record changed.
std::string changed(std::vector<ZipEntry> entries, std::mt19937& numbers) {
  std::string& bytes = entries[numbers() % entries.size()].content;
  for (unsigned changes = 1 + numbers() % 3; changes > 0 && !bytes.empty(); --changes) {
    const std::size_t place = numbers() % bytes.size();
    switch (numbers() % 4) {
      case 0:
        bytes[place] = static_cast<char>(bytes[place] ^ 1 << numbers() % 8);
        break;
      case 1:
        bytes[place] = static_cast<char>(numbers());
        break;
      case 2:
        bytes.erase(place, 1 + numbers() % 8);
        break;
      default:
        bytes.insert(place, bytes.substr(numbers() % bytes.size(), 1 + numbers() % 16));
    }
  }
  return zip(entries);
}

TEST(DamagedNetwork, WithRightChecksumsIsLoadedOrRefused) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "network.pt";
  const fs::path corpus = fs::path(WHYCAM_SOURCE_DIR) / "tests/fuzz/corpus/network";
  std::mt19937 numbers;  // the same in every run
  int used = 0;
  for (const char* name : {"scripted.pt", "traced.pt"}) {
    const auto entries = unzip(corpus / name);
    for (int change = 0; change < 60; ++change) {
      std::ofstream(path, std::ios::binary | std::ios::trunc) << changed(entries, numbers);
      const int status = status_of_use(path);
      EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) < 2) << name << ", change " << change << ": " << status;
      used += WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
  }
  EXPECT_GT(used, 0) << "no change got as far as a run";
}

}  // namespace
}  // namespace whycam::test
