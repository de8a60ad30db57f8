#include "formats/torchscript/network_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <iterator>

#include "formats/archive/code_check.h"
#include "support/temporary_folder.h"
#include "support/zip.h"
#include "whycam/errors.h"

namespace whycam::test {
namespace {

namespace fs = std::filesystem;

const fs::path corpus = fs::path(WHYCAM_SOURCE_DIR) / "tests/fuzz/corpus/network";

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

class NetworkFile : public testing::Test {
 protected:
  fs::path save(const std::string& bytes) {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes;
    return path_;
  }

  /// The message of the refusal; empty where there was none.
  std::string refusal(const std::string& bytes) {
    try {
      torchscript::check_network_file(save(bytes));
    } catch (const ModelError& error) {
      const std::string message = error.what();
      EXPECT_NE(message.find("net.pt"), std::string::npos) << message;
      return message;
    }
    return "";
  }

  void expect_refused(const std::string& bytes, const std::string& words) {
    const std::string message = refusal(bytes);
    EXPECT_NE(message.find(words), std::string::npos) << "\"" << message << "\" lacks \"" << words << "\"";
  }

  TemporaryFolder temporary_;
  fs::path path_ = temporary_.path() / "net.pt";
};

std::vector<std::string> contents(const fs::path& path) {
  std::vector<std::string> all;
  for (const ZipEntry& entry : unzip(path)) all.push_back(entry.name + "\n" + entry.content);
  return all;
}

TEST_F(NetworkFile, OfPyTorchAndOfZipToolsAreAccepted) {
  for (const char* name : {"scripted.pt", "traced.pt", "function.pt", "deflated.pt", "stored.pt"})
    EXPECT_NO_THROW(torchscript::check_network_file(corpus / name)) << name;
  EXPECT_NO_THROW(torchscript::check_network_file(fs::path(WHYCAM_SOURCE_DIR) / "examples/shapes/shapes.pt"));
  EXPECT_EQ(contents(corpus / "deflated.pt"), contents(corpus / "stored.pt"));
}

TEST_F(NetworkFile, AFlippedBitIsNoticedOrChangesNothing) {
  for (const char* name : {"function.pt", "deflated.pt"}) {
    const std::string whole = content(corpus / name);
    const auto expected = contents(corpus / name);
    std::size_t noticed = 0;
    for (std::size_t i = 0; i < whole.size(); ++i) {
      std::string damaged = whole;
      damaged[i] = static_cast<char>(damaged[i] ^ 1 << i % 8);
      if (!refusal(damaged).empty())
        ++noticed;
      else
        EXPECT_EQ(contents(path_), expected) << name << " at " << i;  // dates, padding
    }
    EXPECT_GT(noticed, whole.size() / 2) << name;
  }
}

TEST_F(NetworkFile, EveryTruncationIsNoticed) {
  const std::string whole = content(corpus / "function.pt");
  for (std::size_t size = 0; size < whole.size(); ++size)
    expect_refused(whole.substr(0, size), "copy or export it again");
}

TEST_F(NetworkFile, RefusesRecordsThatShareANameOrBytes) {
  auto entries = unzip(corpus / "function.pt");
  entries.push_back({"function/DATA.pkl", "\x80\x02N."});
  expect_refused(zip(entries), "is there twice");
  // The directory's second entry as a copy of its first, but for a letter of the name.
  std::string bytes = zip({{"net/a", "1234"}, {"net/b", "1234"}});
  const std::size_t directory = bytes.find("PK\x01\x02"), second = bytes.find("PK\x01\x02", directory + 4);
  bytes.replace(second + 42, 4, 4, '\0');
  expect_refused(bytes, "described in two ways");
}

TEST_F(NetworkFile, RefusesWhatWouldUnpackToFarTooMuch) {
  std::string bytes = content(corpus / "deflated.pt");
  const std::size_t directory = bytes.find("PK\x01\x02");
  for (const std::size_t size : {std::size_t{22}, directory + 24}) bytes.replace(size, 4, "\x00\x00\x00\x40", 4);
  expect_refused(bytes, "would unpack to 1073741824 bytes");
}

TEST_F(NetworkFile, NamesWhatElseItIs) {
  expect_refused(content(corpus / "state_dict.pt"), "Python objects");
  auto entries = unzip(corpus / "function.pt");
  entries.push_back({"function/model.json", "{}"});
  expect_refused(zip(entries), "PyTorch 1.3 or older");
  expect_refused("", "ends too early");
}

TEST_F(NetworkFile, LeavesAdditionalFilesAsTheyAre) {
  auto entries = unzip(corpus / "function.pt");
  entries.push_back({"function/extra/notes.py", std::string(5000, '(')});
  entries.push_back({"function/extra/data.pkl", "no pickle"});
  EXPECT_EQ(refusal(zip(entries)), "");
}

TEST(NetworkCode, MayBeNestedAsMuchAsPeopleWriteIt) {
  std::string list = "x = [";
  for (int i = 0; i < 100000; ++i) list += "-1.5, ";
  EXPECT_NO_THROW(archive::check_code(list + "]\n"));
  std::string lines;
  for (int i = 0; i < 100000; ++i) lines += "  x = torch.relu(torch.add(x, -y[0].z, alpha=1))\n";
  EXPECT_NO_THROW(archive::check_code(lines));
  EXPECT_NO_THROW(archive::check_code("x = '" + std::string(5000, '(') + "'\n"));
}

TEST(NetworkCode, NestedDeeperThanLibtorchSurvivesIsRefused) {
  const auto refuse = [](const std::string& begin, const std::string& repeated, int times) {
    std::string code = begin;
    for (int i = 0; i < times; ++i) code += repeated;
    EXPECT_THROW(archive::check_code(code), std::runtime_error) << repeated;
  };
  for (const char* repeated : {"(", "[", "{", "-", "not ", "x + ", "x.", "f(x)", "1 if y else ", "(1, ", "[0]"})
    refuse("x = ", repeated, 2500);
  refuse("", " ", 2500);
  refuse("if x:\n  y\n", "elif x:\n  y\n", 2500);
}

}  // namespace
}  // namespace whycam::test
