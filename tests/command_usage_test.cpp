// What the command says of its own use: layers, help, and what is wrong with a command line.
#include <gtest/gtest.h>
#include <unistd.h>

#include <sstream>

#include "support/command.h"
#include "support/scripted.h"
#include "whycam/whycam.h"

namespace whycam::test {
namespace {

TEST_F(Command, LayersAreListedWithShapesAndTheDefaultOne) {
  const Outcome outcome = run({"layers", shapes / "shapes.pt", "--size", "128,96"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
  EXPECT_NE(outcome.out.find("+ * stage4 "), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("1 x 56 x 8 x 6"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("    classifier "), std::string::npos) << outcome.out;
}

TEST_F(Command, HelpDocumentsTheExitCodes) {
  for (const auto& arguments : {std::vector<std::string>{"--help"}, {"explain", "--help"}, {"layers", "--help"}}) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_NE(outcome.out.find("6 target: no such class or label"), std::string::npos);
  }
  EXPECT_EQ(run({"--version"}).out, std::string("whycam ") + version + "\n");
}

TEST_F(Command, HelpHasAnExampleFirstGroupsAndNoLongLines) {
  for (const std::string command : {"explain", "check", "export", "layers", "graph"}) {
    std::istringstream help(run({command, "--help"}).out);
    std::string line;
    for (int number = 1; std::getline(help, line); ++number) {
      EXPECT_LE(line.size(), 100u) << line;
      if (number == 2) {
        EXPECT_EQ(line.find("Example: whycam " + command + " network.pt2"), 0u) << line;
      }
    }
  }
  const std::string help = run({"explain", "--help"}).out;
  std::size_t place = 0;
  for (const char* words :
       {"What is explained:", "--target", "How it is computed:", "--method", "Preprocessing:", "--mean",
        "Drawing:", "--cmap", "Output:", "--report", "Running:", "--resume", "--help", "Exit codes:"}) {
    place = help.find(words, place);
    ASSERT_NE(place, std::string::npos) << words << " is missing or at another place in\n" << help;
  }
}

TEST_F(Command, WrongUseIsOneLineAndItsExitCode) {
  const std::string model = shapes / "shapes.pt", picture = shapes / "two_shapes.png";
  std::ofstream(folder_ / "text.pt") << "this is no network";
  std::ofstream(folder_ / "cut.pt") << content(model).substr(0, 100000);
  std::ofstream(folder_ / "empty.png");
  std::ofstream(folder_ / "cut.png") << content(picture).substr(0, 2000);
  std::ofstream(folder_ / "empty.txt");
  std::ofstream(folder_ / "file");
  fs::create_directories(folder_ / "nothing");
  picture::write_npy(folder_ / "flat.npy", picture::Array{{4}, {1, 2, 3, 4}});
  picture::write_npy(folder_ / "four_channels.npy", picture::to_array(torch::zeros({1, 4, 32, 32})));
  const std::string labels = shapes / "labels.txt";
  struct Row {
    std::vector<std::string> arguments;
    int exit_code;
    const char* words;
  };
  const std::vector<Row> rows{
      {{model}, 2, "INPUT"},
      {{model, picture, "--frobnicate"}, 2, "--frobnicate"},
      {{model, picture, "--method", "magic"}, 2, "guided-backprop"},
      {{model, picture, "--interpolate", "cubic"}, 2, "bicubic"},
      {{model, picture, "--interpolate", "trilinear"}, 2, "does not fit"},
      {{model, picture, "--guided-rule", "mine"}, 2, "captum or paper"},
      {{model, picture, "--size", "0"}, 2, "--size"},
      {{model, picture, "--size", "12x12"}, 2, "--size"},
      {{model, picture, "--size", "64,32", "--crop", "32"}, 2, "--crop"},
      {{model, picture, "--crop", "225"}, 4, "crop"},
      {{model, picture, "--mean", "0.5"}, 2, "--std"},
      {{model, picture, "--mean", "a,b,c"}, 2, "--mean"},
      {{model, picture, "--std", "0,1,1"}, 2, "0"},
      {{model, picture, "--threads", "0"}, 2, "--threads"},
      {{folder_ / "missing.pt", picture}, 3, "missing.pt"},
      {{folder_ / "text.pt", picture}, 3, "no .pt2, ONNX or TorchScript network"},
      {{folder_ / "cut.pt", picture}, 3, "cut.pt"},
      {{folder_ / "nothing", picture}, 3, "folder"},
      {{model, folder_ / "missing.png"}, 4, "missing.png"},
      {{model, folder_ / "empty.png"}, 4, "empty"},
      {{model, folder_ / "cut.png"}, 4, "cut.png"},
      {{model, folder_ / "nothing"}, 4, "nothing"},
      {{model, folder_ / "flat.npy"}, 4, "dimensions"},
      {{model, picture, "--labels", folder_ / "missing.txt"}, 4, "missing.txt"},
      {{model, picture, "--labels", folder_ / "empty.txt"}, 4, "empty"},
      {{model, picture, "--layer", "stage44"}, 5, "\"stage4\""},
      {{model, picture, "--layer", ""}, 0, ""},
      {{model, picture, "--target", "6"}, 6, "from 0 to 5"},
      {{model, picture, "--target", "-1"}, 6, "from 0 to 5"},
      {{model, picture, "--target", "star"}, 6, "--labels"},
      {{model, picture, "--target", "stra", "--labels", labels}, 6, "\"star\""},
      {{model, picture, "--target", "top7"}, 6, "6 classes"},
      {{model, picture, "--target", "1,2"}, 6, "indices"},
      {{model, folder_ / "four_channels.npy"}, 8, "1 x 4 x 32 x 32"},
  };
  for (const Row& row : rows) {
    std::string line;
    for (const std::string& argument : row.arguments) line += argument + " ";
    SCOPED_TRACE(line);
    const Outcome outcome = explain(row.arguments);
    if (row.exit_code == 0)
      EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
    else
      expect_failure(outcome, row.exit_code, row.words);
    remove_folder(results());
  }
  EXPECT_EQ(run({"explain", model, picture, "--output-dir", folder_ / "file"}).exit_code, 7);
  EXPECT_EQ(run({"explain", model, picture, "--output-dir", folder_ / "file/below"}).exit_code, 7);
  EXPECT_EQ(run({}).exit_code, 2);
  EXPECT_EQ(run({"explore"}).exit_code, 2);
}

TEST_F(Command, RefusesAFolderItCannotWrite) {
  if (geteuid() == 0) GTEST_SKIP() << "root writes everywhere";
  fs::create_directories(results());
  fs::permissions(results(), fs::perms::owner_read | fs::perms::owner_exec);
  expect_failure(explain(two_shapes), 7, "cannot write");
}

}  // namespace
}  // namespace whycam::test
