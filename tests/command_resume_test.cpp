// Runs that go on where earlier ones ended: after interruptions, with other inputs, with files that have changed.
#include <signal.h>
#include <unistd.h>
#include <zlib.h>

#include <chrono>
#include <cstdio>
#include <map>
#include <random>
#include <thread>

#include "support/pictures_command.h"
#include "support/process.h"

namespace whycam::test {
namespace {

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

  /// The inputs that lines name, each once, in their order.
  template <class Lines>
  static std::vector<std::string> inputs_of(const Lines& lines) {
    std::vector<std::string> inputs;
    for (const auto& line : lines)
      if (const std::string input = line["input"]; inputs.empty() || inputs.back() != input) inputs.push_back(input);
    return inputs;
  }
};

std::string crc32_of(const std::string& bytes) {
  char text[9];
  std::snprintf(text, sizeof text, "%08lx", crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
  return text;
}

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
      while (lines() < enough && !process.has_ended()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
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
    remove_folder(undisturbed);
    remove_folder(disturbed);
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

TEST_F(CommandResume, RedoesPicturesThatHaveChanged) {
  add_pictures(3);
  ASSERT_EQ(run(into(results(), {"--report"})).exit_code, 0);
  for (const auto& line : manifest())
    EXPECT_EQ(line["input_crc32"], crc32_of(content(line["input"].get<std::string>())));
  fs::copy(shapes / "two_shapes.png", pictures_ / "picture1001.png", fs::copy_options::overwrite_existing);
  ASSERT_EQ(run(into(results(), {"--report", "--resume"})).exit_code, 0);
  ASSERT_EQ(run(into(folder_ / "fresh", {"--report"})).exit_code, 0);
  expect_same_folders(folder_ / "fresh", results());  // with none of the changed picture's earlier maps
}

TEST_F(CommandResume, RemovesNoFileOutsideTheFolder) {
  add_pictures(1);
  ASSERT_EQ(run(into(results())).exit_code, 0);
  std::ofstream(folder_ / "other.png") << "not whycam's";
  std::string lines = content(fs::path(results()) / "manifest.jsonl");
  const std::string name = manifest()[0]["files"]["gradcam"]["picture"];
  lines.replace(lines.find(name), name.size(), "../other.png");
  std::ofstream(fs::path(results()) / "manifest.jsonl") << lines;
  fs::copy(shapes / "two_shapes.png", pictures_ / "picture1000.png", fs::copy_options::overwrite_existing);
  ASSERT_EQ(run(into(results(), {"--resume"})).exit_code, 0);
  EXPECT_TRUE(fs::exists(folder_ / "other.png"));
}

TEST_F(CommandResume, RedoesWhatAManifestKnowsNoChecksumOf) {
  add_pictures(1);
  ASSERT_EQ(run(into(results())).exit_code, 0);
  std::string text;
  for (nlohmann::json& line : std::vector<nlohmann::json>(manifest())) {
    line.erase("input_crc32");
    text += line.dump() + "\n";
  }
  const fs::path map = fs::path(results()) / "picture1000-stage4-star-gradcam.png";
  const std::string before = content(map);
  std::ofstream(fs::path(results()) / "manifest.jsonl") << text;
  std::ofstream(map) << "of an older version";
  ASSERT_EQ(run(into(results(), {"--resume"})).exit_code, 0);
  EXPECT_TRUE(content(map) == before);
  EXPECT_EQ(manifest()[0]["input_crc32"], crc32_of(content(pictures_ / "picture1000.png")));
}

TEST_F(CommandResume, KeepsLinesOfInputsThatItIsNotAskedFor) {
  add_pictures(3);
  std::ofstream(pictures_ / "picture1000x.png") << "no picture";
  ASSERT_EQ(run(into(results())).exit_code, 4);
  const auto before = manifest();
  const auto path = [this](const char* name) { return (pictures_ / name).string(); };
  auto one = into(results(), {"--report", "--resume"});
  std::replace(one.begin(), one.end(), pictures_.string(), path("picture1002.png"));
  fs::remove(fs::path(results()) / "picture1002-stage4-star-gradcam.png");
  fs::remove(pictures_ / "picture1000.png");
  ASSERT_EQ(run(one).exit_code, 0);
  const std::vector<std::string> order{path("picture1002.png"), path("picture1000.png"), path("picture1000x.png"),
                                       path("picture1001.png")};
  EXPECT_EQ(inputs_of(manifest()), order);
  const auto after = manifest();
  EXPECT_TRUE(std::is_permutation(after.begin(), after.end(), before.begin(), before.end()));
  const auto json = document();
  EXPECT_EQ(json["skipped"].size(), 1u);
  EXPECT_EQ(inputs_of(json["explanations"]), (std::vector<std::string>{order[0], order[1], order[3]}));
  EXPECT_TRUE(json["finished"]);
  const std::string page = content(fs::path(results()) / "report.html");
  for (const std::string& input : order) EXPECT_NE(page.find("\"input\":\"" + input), std::string::npos) << input;
  EXPECT_EQ(count_of(page, "\"picture\":null"), 1u) << "the one that is gone";
}

TEST_F(CommandResume, KeepsContactSheetsOfFilesThatShareANameApartWhenItGoesOn) {
  add_pictures(1);
  ASSERT_EQ(run(into(results(), {"--contact-sheet"})).exit_code, 0);
  const std::string first = content(fs::path(results()) / "picture1000-stage4-contact-sheet.svg");
  fs::copy(shapes / "two_shapes.png", pictures_ / "picture1000.jpg");  // told by its content, and sorted in front
  ASSERT_EQ(run(into(results(), {"--contact-sheet", "--resume"})).exit_code, 0);
  EXPECT_TRUE(content(fs::path(results()) / "picture1000-stage4-contact-sheet.svg") == first);
  std::map<std::string, std::set<std::string>> sheets;
  const auto json = document();
  for (const auto& line : json["explanations"]) sheets[line["input"]].insert(line["contact_sheet"]);
  EXPECT_EQ(sheets[pictures_ / "picture1000.png"], (std::set<std::string>{"picture1000-stage4-contact-sheet.svg"}));
  EXPECT_EQ(sheets[pictures_ / "picture1000.jpg"], (std::set<std::string>{"picture1000-stage4-contact-sheet-2.svg"}));
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

TEST_F(CommandResume, RefusesToGoOnWithOtherContentOfItsLabelsAndWeights) {
  add_pictures(1);
  const fs::path labels = folder_ / "labels.txt", network = folder_ / "network.onnx", weights = folder_ / "weights.bin";
  fs::copy(shapes / "labels.txt", labels);
  // Messages of protobuf that stand one behind the other are merged: here, to a network with one more tensor, in a file
  // beside it.
  const std::string plain = content(fs::path(WHYCAM_SOURCE_DIR) / "tests/plain/network.onnx");
  const auto field = [](char tag, const std::string& text) { return tag + (static_cast<char>(text.size()) + text); };
  const std::string place = field(0x0A, "location") + field(0x12, "weights.bin");
  const std::string tensor = "\x08\x01\x10\x01" + field(0x42, "more") + field(0x6A, place) + "\x70\x01";
  const std::string beside = plain + field(0x3A, field(0x2A, tensor));
  const auto explained = [&](const std::vector<std::string>& more = {}) {
    return run(with({"explain", network, pictures_, "--labels", labels, "--size", "64", "--layer", "stage2", "--quiet",
                     "--output-dir", results()},
                    more));
  };
  std::ofstream(network, std::ios::binary) << plain;
  ASSERT_EQ(explained().exit_code, 0);
  EXPECT_EQ(document()["model_crc32"], crc32_of(plain));
  std::ofstream(network, std::ios::binary) << beside;
  std::ofstream(weights) << "1234";
  ASSERT_EQ(explained().exit_code, 0);
  EXPECT_EQ(document()["model_crc32"], crc32_of(beside + "1234"));
  EXPECT_EQ(document()["labels_crc32"], crc32_of(content(labels)));
  EXPECT_EQ(explained({"--resume"}).exit_code, 0);
  const auto expect_refusal = [&](const std::string& words) {
    const Outcome outcome = explained({"--resume"});
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_NE(outcome.error.find(words), std::string::npos) << outcome.error;
  };
  std::ofstream(weights) << "4321";
  expect_refusal("has model_crc32 \"" + crc32_of(beside + "1234") + "\", not \"" + crc32_of(beside + "4321") + "\"");
  std::ofstream(weights) << "1234";
  std::ofstream(labels) << "one\ntwo\nthree\nfour\nfive\nsix\n";
  expect_refusal("has labels_crc32");
  EXPECT_EQ(
      run({"export", network, "--layer", "stage2", "--size", "64", "--output", folder_ / "explained.onnx"}).exit_code,
      0);
  EXPECT_NE(content(folder_ / "explained.onnx").find(crc32_of(beside + "1234")), std::string::npos);
}

TEST_F(CommandResume, IsWrittenByOneRunAtATime) {
  add_pictures(60);
  Process first(into(results()));
  while (!first.has_ended() && content(fs::path(results()) / "manifest.jsonl").empty())
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  first.send(SIGSTOP);
  const Outcome second = run(into(results(), {"--resume"}));
  EXPECT_EQ(second.exit_code, 7);
  EXPECT_EQ(second.error, "whycam: another run is writing into the folder \"" + results() +
                              "\"; wait for its end, or name another --output-dir\n");
  first.send(SIGKILL);
  EXPECT_TRUE(WIFSIGNALED(first.wait())) << "it was still at work";
  EXPECT_EQ(run(into(results(), {"--resume"})).exit_code, 0) << "no lock outlives its process";
  EXPECT_EQ(inputs_of(manifest()).size(), 60u);
}

}  // namespace
}  // namespace whycam::test
