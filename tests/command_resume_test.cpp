// Runs that go on where earlier ones ended: after interruptions, with other inputs, with files that have changed.
#include <signal.h>
#include <spawn.h>
#include <unistd.h>
#include <zlib.h>

#include <chrono>
#include <cstdio>
#include <random>
#include <thread>

#include "support/pictures_command.h"

extern char** environ;

namespace whycam::test {
namespace {

/// The command beside the test, which may be stopped.
class Process {
 public:
  explicit Process(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), WHYCAM_COMMAND);
    std::vector<char*> words;
    for (std::string& argument : arguments) words.push_back(argument.data());
    words.push_back(nullptr);
    if (posix_spawn(&id_, WHYCAM_COMMAND, nullptr, nullptr, words.data(), environ) != 0)
      throw std::runtime_error("cannot start the command");
  }
  void send(int signal) const { kill(id_, signal); }
  bool has_ended() {
    if (!ended_) ended_ = waitpid(id_, &status_, WNOHANG) == id_;
    return ended_;
  }
  int wait() {
    if (!ended_) waitpid(id_, &status_, 0);
    ended_ = true;
    return status_;
  }

 private:
  pid_t id_ = 0;
  int status_ = 0;
  bool ended_ = false;
};

class CommandResume : public PicturesCommand {
 protected:
  static void expect_same_folders(const fs::path& one, const fs::path& other) {
    std::set<std::string> names;
    for (const fs::path& folder : {one, other})
      for (const auto& entry : fs::directory_iterator(folder)) names.insert(entry.path().filename());
    for (const std::string& name : names) {
      ASSERT_TRUE(fs::exists(one / name)) << name;
      ASSERT_TRUE(fs::exists(other / name)) << name;
      EXPECT_TRUE(content(one / name) == content(other / name)) << name;
    }
  }

};

TEST_F(CommandResume, GoesOnAfterAnyInterruptionAsIfThereHadBeenNone) {
  add_pictures(60);
  std::ofstream(pictures_ / "picture1007x.png") << "no picture";
  for (const std::vector<std::string>& options : {std::vector<std::string>{}, {"--batch-size", "4"}}) {
    const fs::path undisturbed = folder_ / "undisturbed", disturbed = folder_ / "disturbed";
    EXPECT_EQ(run(into(undisturbed, options)).exit_code, 4);
    std::mt19937 random(7);
    int kills = 0, stops = 0;
    for (int attempt = 0;; ++attempt) {
      ASSERT_LT(attempt, 100) << "it never comes to its end";
      Process process(into(disturbed, with(options, {"--resume"})));
      const auto lines = [&] {
        const std::string text = content(disturbed / "manifest.jsonl");
        return std::count(text.begin(), text.end(), '\n');
      };
      const auto enough = lines() + static_cast<std::ptrdiff_t>(random() % 40);
      while (lines() < enough && !process.has_ended())
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      std::this_thread::sleep_for(std::chrono::microseconds(random() % 20000));
      process.send(attempt % 3 == 2 ? SIGINT : SIGKILL);
      const int status = process.wait();
      if (WIFSIGNALED(status)) {
        ++kills;
      } else if (WEXITSTATUS(status) == 130) {
        ++stops;
      } else {
        EXPECT_EQ(WEXITSTATUS(status), 4) << "the bad picture";
        break;
      }
    }
    EXPECT_GT(kills + stops, 0);
    expect_same_folders(undisturbed, disturbed);
    fs::remove_all(undisturbed);
    fs::remove_all(disturbed);
  }
}

TEST_F(CommandResume, DoesNotRedoWhatIsFinished) {
  add_pictures(3);
  ASSERT_EQ(run(into(results())).exit_code, 0);
  const fs::path finished = fs::path(results()) / "picture1000-stage4-star-gradcam.png";
  std::ofstream(finished) << "still here";
  fs::remove(fs::path(results()) / "picture1001-stage4-star-gradcam.png");
  add_pictures(4);
  ASSERT_EQ(run(into(results(), {"--resume"})).exit_code, 0);
  EXPECT_EQ(content(finished), "still here");
  EXPECT_TRUE(files().count("picture1001-stage4-star-gradcam.png")) << "a file that is gone is made again";
  EXPECT_TRUE(files().count("picture1003-stage4-star-gradcam.png")) << "a picture that is new";
}

TEST_F(CommandResume, KeepsContactSheetsOfFilesThatShareANameApartWhenItGoesOn) {
  add_pictures(1);
  ASSERT_EQ(run(into(results(), {"--contact-sheet"})).exit_code, 0);
  const std::string first = content(fs::path(results()) / "picture1000-stage4-contact-sheet.png");
  fs::copy(shapes / "two_shapes.png", pictures_ / "picture1000.jpg");  // told by its content, and sorted in front
  ASSERT_EQ(run(into(results(), {"--contact-sheet", "--resume"})).exit_code, 0);
  EXPECT_TRUE(content(fs::path(results()) / "picture1000-stage4-contact-sheet.png") == first);
  std::map<std::string, std::set<std::string>> sheets;
  const auto json = document();
  for (const auto& line : json["explanations"]) sheets[line["input"]].insert(line["contact_sheet"]);
  EXPECT_EQ(sheets[pictures_ / "picture1000.png"], (std::set<std::string>{"picture1000-stage4-contact-sheet.png"}));
  EXPECT_EQ(sheets[pictures_ / "picture1000.jpg"], (std::set<std::string>{"picture1000-stage4-contact-sheet-2.png"}));
}

TEST_F(CommandResume, RefusesToGoOnWithOtherSettings) {
  add_pictures(1);
  ASSERT_EQ(run(into(results())).exit_code, 0);
  for (const auto& [option, value] :
       {std::pair<const char*, const char*>{"--layer", "stage3"}, {"--alpha", "0.4"}, {"--std", "1,1,1"}}) {
    const Outcome outcome = run(into(results(), {"--resume", option, value}));
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_NE(outcome.error.find("cannot resume"), std::string::npos) << outcome.error;
  }
}

}  // namespace
}  // namespace whycam::test
