// What stands where a file is expected: pipes, devices, folders, links to nowhere, files that are empty or far too
// large.
#include <sys/stat.h>
#include <unistd.h>

#include "command/networks.h"
#include "support/pictures_command.h"

namespace whycam::test {
namespace {

class SpecialFiles : public PicturesCommand {
 protected:
  SpecialFiles() {
    add_pictures(2);
    SmallNetwork{}.save(network_);
    fs::create_directory(folder_ / "folder");
    if (mkfifo((folder_ / "pipe").c_str(), 0600) != 0) throw std::runtime_error("cannot make a pipe");
    std::ofstream(folder_ / "empty");
    fs::create_symlink("loop", folder_ / "loop");
    std::ofstream(folder_ / "large");
    fs::resize_file(folder_ / "large", std::uintmax_t{10} << 30);  // with nothing in it on the disk
  }

  std::vector<std::string> explained(const std::vector<std::string>& more) const {
    return with({"explain"}, with(more, {"--layer", "second", "--target", "1", "--method", "gradcam", "--size", "16",
                                         "--output-dir", results()}));
  }

  struct Special {
    std::string path;
    std::string words;
  };

  std::string network_ = folder_ / "network.onnx";
  std::string picture_ = pictures_ / "picture1000.png";
};

TEST_F(SpecialFiles, AreNoNetworks) {
  for (const Special& special : {Special{folder_ / "folder", "is a folder"},
                                 {folder_ / "pipe", "not a regular file"},
                                 {"/dev/zero", "not a regular file"},
                                 {"/dev/null", "not a regular file"},
                                 {folder_ / "empty", "is empty"},
                                 {folder_ / "loop", "symbolic links"},
                                 {folder_ / "nothing", "there is no network file"},
                                 {network_ + "/below", "there is no network file"},
                                 {folder_ / "large", "ONNX"}})
    for (const std::string command : {"explain", "layers", "graph"}) {
      SCOPED_TRACE(command + " " + special.path);
      const Outcome outcome =
          command == "explain" ? run(explained({special.path, picture_})) : run({command, special.path});
      expect_failure(outcome, 3, special.words);
    }
}

TEST_F(SpecialFiles, LargerThanAnOnnxFileMayBeAreNotRead) {
  std::fstream(folder_ / "large", std::ios::in | std::ios::out | std::ios::binary) << content(network_);
  expect_failure(run(explained({folder_ / "large", picture_})), 3, "larger than 2 GB");
}

TEST_F(SpecialFiles, AreNoLabels) {
  for (const Special& special : {Special{folder_ / "folder", "is a folder"},
                                 {folder_ / "pipe", "not a regular file"},
                                 {"/dev/zero", "not a regular file"},
                                 {folder_ / "empty", "is empty"},
                                 {folder_ / "loop", "symbolic links"},
                                 {folder_ / "nothing", "no such file"},
                                 {folder_ / "large", "10737418240 bytes are more than"}}) {
    SCOPED_TRACE(special.path);
    expect_failure(run(explained({network_, picture_, "--labels", special.path})), 4, special.words);
  }
}

TEST_F(SpecialFiles, AreNoInputs) {
  fs::create_symlink("loop.npy", folder_ / "loop.npy");
  fs::rename(folder_ / "large", folder_ / "large.png");
  for (const Special& special : {Special{folder_ / "pipe", "not a regular file"},
                                 {"/dev/zero", "not a regular file"},
                                 {folder_ / "empty", "is empty"},
                                 {folder_ / "loop.npy", "symbolic links"},
                                 {folder_ / "nothing", "no input"},
                                 {folder_ / "large.png", "10737418240 bytes are more than"}}) {
    SCOPED_TRACE(special.path);
    expect_failure(run(explained({network_, special.path})), 4, special.words);
    expect_failure(run(explained({network_, picture_, "--also", special.path})), 2, "takes 1 inputs");
  }
}

/// One bad entry of a folder is one skipped entry.
TEST_F(SpecialFiles, InAFolderOfPicturesAreSkipped) {
  fs::create_symlink("picture0.png", pictures_ / "picture0.png");
  fs::create_symlink("nothing", pictures_ / "picture1.npy");
  ASSERT_EQ(mkfifo((pictures_ / "picture2.jpg").c_str(), 0600), 0);
  fs::create_directory(pictures_ / "picture3.png");
  fs::create_symlink("/dev/zero", pictures_ / "picture4.png");
  const Outcome outcome = run(explained({network_, pictures_}));
  EXPECT_EQ(outcome.exit_code, 4);
  EXPECT_EQ(count_of(outcome.error, "whycam: skipped: "), 4u) << outcome.error;
  EXPECT_EQ(outcome.error.find("internal error"), std::string::npos) << outcome.error;
  EXPECT_EQ(document()["explanations"].size(), 2u);
  EXPECT_EQ(document()["skipped"].size(), 4u);
}

/// A folder whose files may be listed, but not looked at.
TEST_F(SpecialFiles, ThatMayNotBeLookedAtAreSkippedOneByOne) {
  std::string line;
  if (geteuid() == 0) line = "setpriv --reuid=65534 --regid=65534 --clear-groups ";
  fs::permissions(folder_, fs::perms::all);
  if (std::system((line + quoted(WHYCAM_COMMAND) + " --version >/dev/null 2>&1").c_str()) != 0)
    GTEST_SKIP() << "the command cannot be run as another user";
  fs::permissions(pictures_, fs::perms::owner_read | fs::perms::group_read | fs::perms::others_read);
  line += quoted(WHYCAM_COMMAND);
  for (const std::string& word : explained({network_, pictures_, picture_})) line += " " + quoted(word);
  const int status = std::system((line + " >/dev/null 2>" + quoted(folder_ / "err")).c_str());
  const std::string error = content(folder_ / "err");
  EXPECT_EQ(WEXITSTATUS(status), 4) << error;
  EXPECT_NE(error.find("Permission denied"), std::string::npos) << error;
  EXPECT_EQ(error.find("internal error"), std::string::npos) << error;
}

}  // namespace
}  // namespace whycam::test
