#include "formats/archive/pickle_check.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace whycam::test {
namespace {

using namespace std::string_literals;

/// Why a pickle with these instructions is refused, where the storage "0" has 48 bytes; empty where it is
/// not.
std::string refusal(const std::string& instructions) {
  const auto sizes = [](std::string_view key) { return key == "0" ? std::optional<std::uint64_t>(48) : std::nullopt; };
  try {
    archive::check_pickle("\x80\x02" + instructions + ".", sizes);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

void expect_refused(const std::string& instructions, const std::string& words) {
  EXPECT_NE(refusal(instructions).find(words), std::string::npos)
      << "\"" << refusal(instructions) << "\" lacks \"" << words << "\"";
}

std::string text(const std::string& letters) { return "X"s + static_cast<char>(letters.size()) + "\0\0\0"s + letters; }
std::string integer(int value) { return "J"s + std::string(reinterpret_cast<const char*>(&value), 4); }

std::string storage(const std::string& key, int count) {
  return "(" + text("storage") + "ctorch\nFloatStorage\n" + text(key) + text("cpu") + integer(count) + "tQ";
}

std::string tensor(const std::string& of, int offset, const std::string& sizes, const std::string& strides) {
  return "ctorch._utils\n_rebuild_tensor_v2\n(" + of + integer(offset) + sizes + strides + "\x89" +
         "ccollections\nOrderedDict\n)RtR";
}

std::string pair(int first, int second) { return integer(first) + integer(second) + "\x86"; }

TEST(Pickle, OfTensorsWithinTheirWeightsIsAccepted) {
  EXPECT_EQ(refusal(tensor(storage("0", 12), 0, pair(3, 4), pair(4, 1))), "");
  EXPECT_EQ(refusal(tensor(storage("0", 12), 11, pair(1, 1), pair(9, 9))), "");
  EXPECT_EQ(refusal(tensor(storage("0", 12), 0, pair(0, 100), pair(100, 1))), "") << "no elements";
  EXPECT_EQ(refusal(tensor(storage("none", 0), 0, pair(0, 1), pair(1, 1))), "") << "no weights";
}

TEST(Pickle, OfTensorsBeyondTheirWeightsIsRefused) {
  expect_refused(tensor(storage("0", 12), 1, pair(3, 4), pair(4, 1)), "larger than its weights");
  expect_refused(tensor(storage("0", 12), 0, pair(3, 4), pair(5, 1)), "larger than its weights");
  expect_refused(tensor(storage("0", 12), -1, pair(3, 4), pair(4, 1)), "impossible");
  expect_refused(tensor(storage("0", 12), 0, pair(3, -4), pair(4, 1)), "impossible");
  expect_refused(tensor(storage("0", 12), 0, pair(3, 4), integer(1) + "\x85"), "impossible");
  expect_refused(tensor(storage("0", 12), 0, pair(2000000000, 2000000000), pair(0, 0)), "impossible size");
  expect_refused(tensor(integer(1), 0, pair(1, 1), pair(1, 1)), "unknown way");
}

TEST(Pickle, OfWeightsBeyondTheirRecordIsRefused) {
  expect_refused(storage("0", 13), "52 bytes, but there are only 48");
  expect_refused(storage("1", 1), "are missing");
  expect_refused(storage("0", -1), "impossible size");
  expect_refused("(" + storage("0", 1) + storage("0", 1) + storage("0", 1) + "t", "over and over");
}

TEST(Pickle, ThatTakesWhatItHasNotMadeIsRefused) {
  for (const char* instructions :
       {"",  "\x85", "N\x86", "NN\x87", "R", "NR",    "NNR",     "b",     "\x81", "Q",  "NQ",    "a",
        "s", "}Ns",  "t",     "e",      "u", "q\x01", "(Nq\x01", "h\x01", "(NNN", "NN", "N(\x85"})
    EXPECT_NE(refusal(instructions), "") << instructions;
  expect_refused("}(NNNu", "key without a value");
  expect_refused("Nr\xff\xff\xff\x7f", "memo");
  expect_refused("X\xff\xff\xff\x7f", "too early");
  expect_refused("cmodule", "too early");
  expect_refused("cos\nsystem\n", "\"os system\"");
  expect_refused("\x42", "unknown instruction 66");
}

TEST(Pickle, OfValuesWithinThemselvesIsRefused) {
  expect_refused("]q\0(h\0e"s, "in use elsewhere");
  std::string nested = "N";
  for (int i = 0; i < 2000; ++i) nested += "\x85";
  expect_refused(nested, "nested too deep");
  std::string shallow = "N";
  for (int i = 0; i < 900; ++i) shallow += "\x85";
  EXPECT_EQ(refusal(shallow), "");
}

}  // namespace
}  // namespace whycam::test
