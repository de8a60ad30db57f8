// Runs over many pictures: batches, bad pictures, interruptions.
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

#include <chrono>
#include <random>
#include <thread>

#include "support/command.h"
#include "support/reference.h"
#include "whycam/picture/image.h"
#include "whycam/picture/npy.h"
#include "whycam/picture/tensor.h"

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

class CommandFolder : public Command {
 protected:
  CommandFolder() { fs::create_directories(pictures_); }

  /// Noise with a number, so that each picture is another one.
  void add_pictures(int count) {
    for (int i = 0; i < count; ++i) {
      picture::Image image{48, 48, 3, {}};
      std::mt19937 random(static_cast<unsigned>(i));
      for (int k = 0; k < 48 * 48 * 3; ++k) image.pixels.push_back(static_cast<std::uint8_t>(random()));
      picture::write_image(pictures_ / ("picture" + std::to_string(1000 + i) + ".png"), image);
    }
  }

  std::vector<std::string> into(const fs::path& folder, const std::vector<std::string>& more = {}) const {
    return with({"explain", shapes / "shapes.pt", pictures_, "--labels", shapes / "labels.txt", "--target",
                 "top2", "--target", "star", "--size", "64", "--quiet", "--output-dir", folder},
                more);
  }

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

  fs::path pictures_ = folder_ / "pictures";
};

TEST_F(CommandFolder, GoesOnAfterAnyInterruptionAsIfThereHadBeenNone) {
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

TEST_F(CommandFolder, DoesNotRedoWhatIsFinished) {
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

TEST_F(CommandFolder, KeepsContactSheetsOfFilesThatShareANameApartWhenItGoesOn) {
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

TEST_F(CommandFolder, RefusesToGoOnWithOtherSettings) {
  add_pictures(1);
  ASSERT_EQ(run(into(results())).exit_code, 0);
  for (const auto& [option, value] :
       {std::pair<const char*, const char*>{"--layer", "stage3"}, {"--alpha", "0.4"}, {"--std", "1,1,1"}}) {
    const Outcome outcome = run(into(results(), {"--resume", option, value}));
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_NE(outcome.error.find("cannot resume"), std::string::npos) << outcome.error;
  }
}

TEST_F(CommandFolder, BatchesGiveWhatPicturesGiveAlone) {
  add_pictures(5);
  std::ofstream(pictures_ / "picture1002.png") << "no picture";
  const std::vector<std::string> arrays{"--save-npy", "--method", "guided-gradcam"};
  EXPECT_EQ(run(into(folder_ / "alone", arrays)).exit_code, 4);
  EXPECT_EQ(run(into(folder_ / "batches", with(arrays, {"--batch-size", "4"}))).exit_code, 4);
  int compared = 0;
  for (const auto& entry : fs::directory_iterator(folder_ / "alone")) {
    if (entry.path().extension() != ".npy") continue;
    const auto alone = picture::to_tensor(picture::to_array(picture::read_npy(entry.path())));
    const auto batch = picture::to_tensor(
        picture::to_array(picture::read_npy(folder_ / "batches" / entry.path().filename())));
    // float32 rounding: another batch size takes other blocks of the same sums
    expect_close(batch, alone, 1e-3, entry.path().filename());
    ++compared;
  }
  EXPECT_GE(compared, 4 * 2);
}

TEST_F(CommandFolder, WritesALineForEachPictureAndClass) {
  add_pictures(2);
  std::ofstream(pictures_ / "picture1000x.png") << "no picture";
  EXPECT_EQ(run(into(results())).exit_code, 4);
  std::ifstream file(fs::path(results()) / "manifest.jsonl");
  std::vector<nlohmann::json> lines;
  for (std::string text; std::getline(file, text);) lines.push_back(nlohmann::json::parse(text));
  std::size_t skipped = 0;
  for (const auto& line : lines) {
    skipped += line.contains("skipped");
    if (line.contains("skipped")) continue;
    EXPECT_TRUE(files().count(line["files"]["gradcam"]["picture"]));
  }
  EXPECT_EQ(skipped, 1u);
  EXPECT_EQ(lines[0]["input"], (pictures_ / "picture1000.png").string());
  EXPECT_EQ(lines.back()["input"], (pictures_ / "picture1001.png").string());
  EXPECT_EQ(lines.back()["line"], lines.back()["lines"]);
}

TEST_F(CommandFolder, ShowsProgressInPlainLinesWhereThereIsNoTerminal) {
  add_pictures(12);
  auto arguments = into(results());
  arguments.erase(std::find(arguments.begin(), arguments.end(), "--quiet"));
  const Outcome outcome = run(arguments);
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.error.find('\r'), std::string::npos);
  EXPECT_EQ(outcome.out.find("softmax"), std::string::npos) << "no tables for many pictures";
  EXPECT_NE(outcome.out.find("% of them in the network"), std::string::npos) << outcome.out;
}

TEST_F(CommandFolder, DrawsAsAsked) {
  add_pictures(1);
  std::set<std::string> pictures;
  const std::vector<std::vector<std::string>> ways{{"--cmap", "viridis"},  {"--alpha", "0.9"},
                                                   {"--sign", "positive"}, {"--sign", "absolute"},
                                                   {"--percentile", "90"}, {}};
  for (const auto& options : ways) {
    ASSERT_EQ(run(into(results(), options)).exit_code, 0);
    pictures.insert(content(fs::path(results()) / "picture1000-stage4-star-gradcam.png") +
                    content(fs::path(results()) / "picture1000-stage4-star-guided-gradcam.png"));
    if (!options.empty()) {
      EXPECT_NE(document()["scaling"].dump().find(options[1]), std::string::npos) << options[1];
    }
  }
  EXPECT_EQ(pictures.size(), ways.size());
  for (const auto& [option, value] : {std::pair<const char*, const char*>{"--cmap", "rainbow"},
                                      {"--alpha", "1.5"},
                                      {"--sign", "up"},
                                      {"--percentile", "0"}})
    EXPECT_EQ(run(into(results(), {option, value})).exit_code, 2) << option;
}

TEST_F(CommandFolder, SetsAllMapsOfAPictureSideBySide) {
  add_pictures(2);
  ASSERT_EQ(run(into(results(), {"--contact-sheet"})).exit_code, 0);
  const auto sheet = picture::read_image(fs::path(results()) / "picture1001-stage4-contact-sheet.png", 3);
  EXPECT_GE(sheet.width, 4 * 64);
  EXPECT_GE(sheet.height, 2 * 64) << "a row a class";
  const auto json = document();  // a temporary would end before the loop does
  for (const auto& line : json["explanations"]) EXPECT_TRUE(files().count(line["contact_sheet"]));
}

/// What a browser makes of a page: its text after the scripts have run.
std::string seen_by_browser(const std::string& address) {
  const std::string browser =
      "timeout 120 chromium --headless --no-sandbox --disable-gpu --virtual-time-budget=20000 --dump-dom '";
  FILE* output = popen((browser + address + "' 2>/dev/null").c_str(), "r");
  std::string text;
  char part[4096];
  for (std::size_t count; (count = fread(part, 1, sizeof part, output)) > 0;) text.append(part, count);
  pclose(output);
  return text;
}

std::size_t count_of(const std::string& text, const std::string& words) {
  std::size_t count = 0;
  for (std::size_t at = text.find(words); at != std::string::npos; at = text.find(words, at + 1)) ++count;
  return count;
}

TEST_F(CommandFolder, ReportsARunAsOnePageThatCanBeSearched) {
  if (std::system("chromium --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "no chromium";
  add_pictures(3);
  std::ofstream(pictures_ / "picture1000x.png") << "no picture";
  std::ofstream(folder_ / "labels.txt") << "disc\n</script><b>\ntriangle\nstar\nring\ncross\n";
  const std::vector<std::string> arguments{"explain",
                                           shapes / "shapes.pt",
                                           pictures_,
                                           "--labels",
                                           folder_ / "labels.txt",
                                           "--target",
                                           "star",
                                           "--target",
                                           "1",
                                           "--size",
                                           "64",
                                           "--quiet",
                                           "--report",
                                           "--output-dir",
                                           results()};
  ASSERT_EQ(run(arguments).exit_code, 4);
  fs::rename(fs::path(results()) / "report.html", folder_ / "report.html");
  fs::remove_all(results());
  const std::string address = "file://" + (folder_ / "report.html").string();
  const std::string all = seen_by_browser(address);
  EXPECT_EQ(count_of(all, "<article"), 4u);
  EXPECT_EQ(count_of(all, "<figure>"), 3u * 2 * 4)
      << "the picture and three maps for each class, all inside of the page";
  EXPECT_EQ(count_of(all, "src=\"data:image/jpeg;base64,"), 3u * 2 * 4);
  EXPECT_NE(all.find("&lt;/script&gt;&lt;b&gt;: softmax probability"), std::string::npos)
      << "labels are text, whatever they hold";
  EXPECT_NE(all.find(">4 of 4<"), std::string::npos);
  EXPECT_EQ(count_of(seen_by_browser(address + "#search=1002"), "<article"), 1u);
  EXPECT_EQ(count_of(seen_by_browser(address + "#class=star"), "<figure>"), 3u * 4);
  EXPECT_EQ(count_of(seen_by_browser(address + "#least=1.1"), "<article"), 0u);
  EXPECT_EQ(count_of(seen_by_browser(address + "#skipped=1"), "<article"), 1u);
}

}  // namespace
}  // namespace whycam::test
