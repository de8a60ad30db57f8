// A table of what a person can get wrong: each row ends with its exit code, one line on the standard error
// stream that says what was wrong, and no file.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <thread>

#include "../cli/exit_code.h"
#include "support/command.h"
#include "support/scripted.h"
#include "support/zip.h"
#include "whycam/picture/npy.h"
#include "whycam/picture/tensor.h"

namespace whycam::test {
namespace {

using cli::ExitCode;
using Words = std::vector<std::string>;

const fs::path corpus = fs::path(WHYCAM_SOURCE_DIR) / "tests/fuzz/corpus";
const std::string model = shapes / "shapes.pt", picture = shapes / "two_shapes.png", labels = shapes / "labels.txt";

struct Row {
  Words arguments;
  ExitCode exit_code;
  std::string words;  ///< in the line on the standard error stream
};

class BadCommandInput : public testing::Test {
 protected:
  std::string file(const std::string& name, const std::string& bytes) {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return folder_ / name;
  }

  /// A network whose record has other content, with right checksums.
  std::string network(const std::string& name, const std::string& record,
                      const std::function<void(std::string&)>& change) {
    auto entries = unzip(corpus / "network/function.pt");
    for (ZipEntry& entry : entries)
      if (entry.name.find(record) != std::string::npos) change(entry.content);
    return file(name, zip(entries));
  }

  std::string array(const std::string& name, const torch::Tensor& tensor) {
    picture::write_npy(folder_ / name, picture::to_array(tensor));
    return folder_ / name;
  }

  /// Runs `whycam explain` on each row, two at a time, as most of a run is loading libtorch.
  void expect_refused(const std::vector<Row>& rows) {
    std::atomic<std::size_t> next{0};
    std::vector<int> statuses(rows.size());
    const auto work = [&] {
      for (std::size_t i = next++; i < rows.size(); i = next++) statuses[i] = run(rows[i].arguments, std::to_string(i));
    };
    std::thread other(work);
    work();
    other.join();
    for (std::size_t i = 0; i < rows.size(); ++i) check(rows[i], statuses[i], std::to_string(i));
  }

  TemporaryFolder temporary_;
  fs::path folder_ = temporary_.path();

 private:
  int run(const Words& arguments, const std::string& name) const {
    // In builds with sanitizers: libtorch forgets some memory where it refuses a file.
    std::string line = "ASAN_OPTIONS=detect_leaks=0 " + quoted(WHYCAM_COMMAND) + " explain";
    for (const std::string& argument : arguments) line += " " + quoted(argument);
    line += " --output-dir " + quoted(folder_ / (name + ".results"));
    return std::system((line + " >" + quoted(folder_ / (name + ".output")) + " 2>" +
                        quoted(folder_ / (name + ".error")) + " </dev/null")
                           .c_str());
  }

  void check(const Row& row, int status, const std::string& name) const {
    std::string line;
    for (const std::string& argument : row.arguments) line += argument + " ";
    SCOPED_TRACE(line);
    const std::string error = content(folder_ / (name + ".error"));
    EXPECT_EQ(WIFEXITED(status) ? WEXITSTATUS(status) : -1, static_cast<int>(row.exit_code)) << error;
    EXPECT_EQ(error.rfind("whycam: ", 0), 0u) << error;
    EXPECT_EQ(std::count(error.begin(), error.end(), '\n'), 1) << error;
    EXPECT_NE(error.find(row.words), std::string::npos) << error;
    for (const char* trace : {"frame #", "Exception raised from", "terminate called", ".so"})
      EXPECT_EQ(error.find(trace), std::string::npos) << error;
    const fs::path results = folder_ / (name + ".results");
    EXPECT_FALSE(fs::exists(results));
    EXPECT_EQ(content(folder_ / (name + ".output")), "");
  }
};

TEST_F(BadCommandInput, Options) {
  expect_refused({
      {{}, ExitCode::usage, "MODEL"},
      {{model}, ExitCode::usage, "INPUT"},
      {{model, picture, "--frobnicate"}, ExitCode::usage, "--frobnicate"},
      {{model, picture, "--method", "magic"}, ExitCode::usage, "\"magic\""},
      {{model, picture, "--method", ","}, ExitCode::usage, "method"},
      {{model, picture, "--interpolate", "cubic"}, ExitCode::usage, "bicubic"},
      {{model, picture, "--interpolate", "linear"}, ExitCode::usage, "does not fit pictures"},
      {{model, picture, "--guided-rule", "mine"}, ExitCode::usage, "captum or paper"},
      {{model, picture, "--engine", "steam"}, ExitCode::usage, "steam"},
      {{model, picture, "--size", "0"}, ExitCode::usage, "--size"},
      {{model, picture, "--size", "-5"}, ExitCode::usage, "--size"},
      {{model, picture, "--size", "12x12"}, ExitCode::usage, "\"12x12\""},
      {{model, picture, "--size", "99999999999999999999"}, ExitCode::usage, "65536"},
      {{model, picture, "--size", "1,2,3"}, ExitCode::usage, "\"1,2,3\""},
      {{model, picture, "--size", "64,32", "--crop", "32"}, ExitCode::usage, "--crop"},
      {{model, picture, "--crop", "x"}, ExitCode::usage, "--crop"},
      {{model, picture, "--mean", "0.5"}, ExitCode::usage, "--std"},
      {{model, picture, "--mean", "a,b,c"}, ExitCode::usage, "\"a,b,c\""},
      {{model, picture, "--mean", "0.5,0.5,0.5,"}, ExitCode::usage, "\"0.5,0.5,0.5,\""},
      {{model, picture, "--output-element", "a..b"}, ExitCode::usage, "not a..b"},
      {{model, picture, "--output-element", "a."}, ExitCode::usage, "not a."},
      {{model, picture, "--output-element", "\"a"}, ExitCode::usage, "double quotes"},
      {{model, picture, "--output-element", "\"a\"b"}, ExitCode::usage, "double quotes"},
      {{model, picture, "--method", "guided-backprop", "--layer", "stage4"}, ExitCode::usage, "--layer \"stage4\""},
      {{model, picture, "--method", "deconvolution", "--layer-input"}, ExitCode::usage, "--layer-input"},
      {{model, picture, "--std", "0,1,1"}, ExitCode::usage, "0"},
      {{model, picture, "--std", "nan,1,1"}, ExitCode::usage, "nan"},
      {{model, picture, "--mean", "1,2", "--std", "1,2"}, ExitCode::usage, "2"},
      {{model, picture, "--threads", "0"}, ExitCode::usage, "--threads"},
      {{model, picture, "--threads", "many"}, ExitCode::usage, "--threads"},
  });
}

TEST_F(BadCommandInput, Networks) {
  const std::string whole = content(model);
  std::string flipped = whole;
  flipped[3000] = static_cast<char>(flipped[3000] ^ 0x04);  // in the first convolution's weights
  const auto nested = [](std::string& code) { code += "x = " + std::string(5000, '['); };
  expect_refused({
      {{folder_ / "missing.pt", picture}, ExitCode::model, "missing.pt"},
      {{folder_, picture}, ExitCode::model, "is a folder"},
      {{file("empty.pt", ""), picture}, ExitCode::model, "empty.pt"},
      {{file("text.pt", "this is no network"), picture}, ExitCode::model, "no .pt2, ONNX or TorchScript network"},
      {{file("letters.pt", "PK"), picture}, ExitCode::model, "letters.pt"},
      {{file("cut.pt", whole.substr(0, 100000)), picture}, ExitCode::model, "its end is missing"},
      {{file("longer.pt", whole + "x"), picture}, ExitCode::model, "does not end as"},
      {{file("shifted.pt", whole.substr(0, 50000) + "x" + whole.substr(50000)), picture},
       ExitCode::model,
       "copy or export it again"},
      {{file("flipped.pt", flipped), picture}, ExitCode::model, "\"archive/data/0\" does not match its checksum"},
      {{corpus / "network/state_dict.pt", picture}, ExitCode::model, "Python objects"},
      {{network("nested.pt", "code/", nested), picture}, ExitCode::model, "nested too deep"},
      {{network("pickle.pt", "data.pkl", [](std::string& pickle) { pickle = "\x80\x02(R."; }), picture},
       ExitCode::model,
       "data.pkl"},
      {{network("nothing.pt", "data.pkl", [](std::string& pickle) { pickle = "\x80\x02N."; }), picture},
       ExitCode::model,
       "nothing.pt"},
      {{network("code.pt", "code/", [](std::string& code) { code = "class F(:\n"; }), picture},
       ExitCode::model,
       "code.pt"},
      {{network("version.pt", "version", [](std::string& version) { version = "999"; }), picture},
       ExitCode::model,
       "version"},
      {{picture, picture}, ExitCode::model, "no .pt2, ONNX or TorchScript network"},
  });
}

TEST_F(BadCommandInput, Pictures) {
  const std::string png = content(picture);
  ASSERT_EQ(mkfifo((folder_ / "pipe.png").c_str(), 0600), 0);
  fs::create_directories(folder_ / "nothing");
  expect_refused({
      {{model, folder_ / "missing.png"}, ExitCode::input, "missing.png"},
      {{model, folder_ / "nothing"}, ExitCode::input, "holds no"},
      {{model, folder_ / "pipe.png"}, ExitCode::input, "not a regular file"},
      {{model, file("empty.png", "")}, ExitCode::input, "empty"},
      {{model, file("text.png", "no picture")}, ExitCode::input, "neither a JPEG nor a PNG"},
      {{model, file("gif.jpg", "GIF89a")}, ExitCode::input, "neither a JPEG nor a PNG"},
      {{model, file("cut.png", png.substr(0, 2000))}, ExitCode::input, "truncated"},
      {{model, file("flipped.png", png.substr(0, 60) + "~" + png.substr(61))}, ExitCode::input, "checksum"},
      {{model, corpus / "picture/bomb.png"}, ExitCode::input, "100000 x 100000"},
      {{model, corpus / "picture/early_end.jpg"}, ExitCode::input, "premature end"},
      {{model, file("cut.jpg", content(corpus / "picture/baseline.jpg").substr(0, 700))}, ExitCode::input, "truncated"},
      {{model, picture, "--crop", "225"}, ExitCode::input, "crop"},
  });
}

TEST_F(BadCommandInput, Arrays) {
  picture::write_npy(folder_ / "large.npy", picture::NpyArray{{1, 3, 1, 1}, std::vector<double>{0, 1e300, 0}});
  expect_refused({
      {{model, file("text.npy", "1 2 3")}, ExitCode::input, "not a .npy file"},
      {{model, corpus / "npy/cut.npy"}, ExitCode::input, "takes 24 bytes, but 21"},
      {{model, corpus / "npy/more.npy"}, ExitCode::input, "takes 24 bytes, but 25"},
      {{model, corpus / "npy/big_endian.npy"}, ExitCode::input, "1 dimensions"},  // and read, as integers are
      {{model, corpus / "npy/ints.npy"}, ExitCode::input, "1 dimensions"},
      {{model, corpus / "npy/structured.npy"}, ExitCode::input, "structured"},
      {{model, corpus / "npy/object.npy"}, ExitCode::input, "\"|O\""},
      {{model, corpus / "npy/overflow.npy"}, ExitCode::input, "no file can hold"},
      {{model, corpus / "npy/empty.npy"}, ExitCode::input, "no values"},
      {{model, corpus / "npy/scalar.npy"}, ExitCode::input, "dimensions"},
      {{model, folder_ / "large.npy"}, ExitCode::input, "NaN or infinity"},  // which it is as float32
      {{model, array("flat.npy", torch::zeros({4}))}, ExitCode::input, "dimensions"},
      {{model, array("channels.npy", torch::zeros({1, 4, 32, 32}))}, ExitCode::network, "1 x 4 x 32 x 32"},
  });
}

TEST_F(BadCommandInput, LayersTargetsAndLabels) {
  scripted("def forward(self, x):\n    return torch.relu(x).sum()\n").save(folder_ / "sum.pt");
  expect_refused({
      {{model, picture, "--layer", "stage44"}, ExitCode::layer, "\"stage4\""},
      {{model, picture, "--target", "6"}, ExitCode::target, "from 0 to 5"},
      {{model, picture, "--target", "-1"}, ExitCode::target, "from 0 to 5"},
      {{model, picture, "--target", "99999999999999999999"}, ExitCode::target, "99999999999999999999"},
      {{model, picture, "--target", ""}, ExitCode::target, "--labels"},
      {{model, picture, "--target", "star"}, ExitCode::target, "--labels"},
      {{model, picture, "--target", "stra", "--labels", labels}, ExitCode::target, "\"star\""},
      {{model, picture, "--target", "top7"}, ExitCode::target, "6 classes"},
      {{model, picture, "--target", "top0"}, ExitCode::target, "top0"},
      {{model, picture, "--target", "1,2"}, ExitCode::target, "indices"},
      {{model, picture, "--target", "4", "--labels", file("numbers.txt", "1\n2\n3\n4\n5\n6\n")},
       ExitCode::target,
       "leave out --labels"},
      {{model, picture, "--target", "twin", "--labels", file("twins.txt", "twin\ntwin\n")},
       ExitCode::target,
       "2 classes"},
      {{model, picture, "--labels", folder_ / "missing.txt"}, ExitCode::input, "missing.txt"},
      {{model, picture, "--labels", folder_}, ExitCode::input, "is a folder"},
      {{model, picture, "--labels", file("empty.txt", "\n\n")}, ExitCode::input, "empty"},
      {{model, picture, "--output-element", "1"}, ExitCode::network, "no element 1"},
      {{folder_ / "sum.pt", picture}, ExitCode::layer, "no submodules"},
  });
}

TEST_F(BadCommandInput, GradientsAndOperatorsThatAreMissing) {
  const auto relu = scripted("def forward(self, x):\n    return torch.relu(x)\n");
  scripted("def forward(self, x):\n    return self.c.forward(x).detach().mean([2, 3])\n", {}, {{"c", relu}})
      .save(folder_ / "detached.pt");
  expect_refused({
      {{folder_ / "detached.pt", picture, "--layer", "c"}, ExitCode::network, "torch.no_grad()"},
      {{model, picture, "--operators", folder_ / "missing"}, ExitCode::model, "missing"},
  });
}

TEST_F(BadCommandInput, OutputFolders) {
  const std::string blocked = file("file", "");
  const auto outputs = [&](const std::string& folder) {
    return Words{model, picture, "--output-dir", folder, "--quiet"};
  };
  for (const std::string& folder :
       {blocked, blocked + "/below", std::string("/dev/null/x"), std::string("/proc/whycam")}) {
    const Words words = outputs(folder);
    std::string line = quoted(WHYCAM_COMMAND) + " explain";
    for (const std::string& word : words) line += " " + quoted(word);
    const int status = std::system((line + " 2>" + quoted(folder_ / "error")).c_str());
    const std::string error = content(folder_ / "error");
    EXPECT_EQ(WEXITSTATUS(status), static_cast<int>(ExitCode::output)) << folder;
    EXPECT_NE(error.find(folder), std::string::npos) << error;
    EXPECT_EQ(std::count(error.begin(), error.end(), '\n'), 1) << error;
  }
  EXPECT_EQ(content(blocked), "");
}

}  // namespace
}  // namespace whycam::test
