// Exported programs that are not what they say.
#include <gtest/gtest.h>

#include <fstream>

#include "explain/network_state.h"
#include "support/temporary_folder.h"
#include "support/zip.h"
#include "whycam/errors.h"

namespace whycam::test {
namespace {

const std::filesystem::path folder = WHYCAM_SOURCE_DIR "/tests/pt2/networks";

/// signal.pt2, changed.
class ChangedProgram {
 public:
  explicit ChangedProgram(const char* file = "signal.pt2") : entries_(unzip(folder / file)) {}

  std::string& record(const std::string& end) {
    for (ZipEntry& entry : entries_)
      if (entry.name.size() >= end.size() && entry.name.compare(entry.name.size() - end.size(), end.size(), end) == 0)
        return entry.content;
    throw std::logic_error("no record " + end);
  }
  ChangedProgram& replace(const std::string& record_end, const std::string& from, const std::string& to) {
    std::string& text = record(record_end);
    const std::size_t at = text.find(from);
    if (at == std::string::npos) throw std::logic_error("no \"" + from + "\" in " + record_end);
    text.replace(at, from.size(), to);
    return *this;
  }
  ChangedProgram& program(const std::string& from, const std::string& to) { return replace("model.json", from, to); }
  ChangedProgram& weights(const std::string& from, const std::string& to) {
    return replace("weights_config.json", from, to);
  }
  ChangedProgram& rename(const std::string& from, const std::string& to) {
    for (ZipEntry& entry : entries_)
      if (const std::size_t at = entry.name.find(from); at != std::string::npos)
        entry.name.replace(at, from.size(), to);
    return *this;
  }

  /// What reading and explaining it says; empty where nothing is wrong.
  std::string fault(const Shape& shape = {1, 2, 40}, const std::string& layer = "features.3") const {
    const TemporaryFolder temporary;
    const std::filesystem::path path = temporary.path() / "network.pt2";
    const std::string bytes = zip(entries_);
    std::ofstream(path, std::ios::binary) << bytes;
    try {
      const auto state = explain::open_graph(path);
      if (!state) return "of no known format";
      const Network network(state);
      const Tensor x{shape, std::vector<float>(static_cast<std::size_t>(picture::element_count(shape)), 0.5F)};
      network.layers({shape});
      network.explain({x}, layer, {Target(1)});
      return {};
    } catch (const Error& error) {
      return error.what();
    }
  }

 private:
  std::vector<ZipEntry> entries_;
};

void expect_fault(const ChangedProgram& program, const std::string& words) {
  const std::string fault = program.fault();
  EXPECT_NE(fault.find(words), std::string::npos) << "\"" << fault << "\" lacks \"" << words << "\"";
}

TEST(DamagedProgram, IsSoundWithoutAChange) { EXPECT_EQ(ChangedProgram().fault(), ""); }

TEST(DamagedProgram, OfANewerVersionIsRefusedByName) {
  expect_fault(ChangedProgram().program("\"major\": 8", "\"major\": 9"), "is of version 9.");
  expect_fault(ChangedProgram().program("\"major\": 8", "\"major\": 9"), "newer than whycam");
  expect_fault(ChangedProgram().program("\"major\": 8", "\"major\": 5"), "too old");
  expect_fault(ChangedProgram().program("\"major\": 8", "\"major\": 8.5"), "where an integer belongs");
}

TEST(DamagedProgram, ThatIsNoProgramSaysWhatItIs) {
  expect_fault(ChangedProgram().rename("models/model.json", "data/aotinductor/model.so"), "AOTInductor");
  expect_fault(ChangedProgram().rename("models/model.json", "extra/model.json"), "holds no program");
  expect_fault(ChangedProgram().program("{", "["), "no JSON");
}

TEST(DamagedProgram, NestedTooDeepIsRefused) {
  ChangedProgram program;
  program.record("model.json") = std::string(100000, '[');
  expect_fault(program, "nested deeper");
  program.record("model.json") = std::string(60, '[') + std::string(60, ']');
  expect_fault(program, "damaged");
}

TEST(DamagedProgram, WithWeightsThatAreNotThereIsRefused) {
  expect_fault(ChangedProgram().rename("weights/weight_0", "weights/weight_x"), "which is not there");
  expect_fault(ChangedProgram().weights("features.0.weight", "features.9.weight"), "lacks the weights");
  expect_fault(ChangedProgram().weights("\"use_pickle\": false", "\"use_pickle\": true"), "as a Python object");
  ChangedProgram program;
  program.record("weights/weight_0").resize(40);
  expect_fault(program, "but there are only 40");
}

TEST(DamagedProgram, WithTensorsOfImpossibleSizesIsRefused) {
  const std::string sizes = "\"sizes\": [{\"as_int\": 6}, {\"as_int\": 2}, {\"as_int\": 5}]";
  const auto with = [&](const std::string& other) {
    return ChangedProgram().weights(sizes, "\"sizes\": [" + other + "]");
  };
  expect_fault(with("{\"as_int\": 6}, {\"as_int\": 2}"), "impossible");
  expect_fault(with("{\"as_int\": -6}, {\"as_int\": 2}, {\"as_int\": 5}"), "impossible");
  expect_fault(with("{\"as_int\": 4611686018427387904}, {\"as_int\": 4}, {\"as_int\": 5}"), "impossible");
  expect_fault(with("{\"as_int\": 1e300}, {\"as_int\": 2}, {\"as_int\": 5}"), "where an integer belongs");
  expect_fault(with("{\"as_int\": 60}, {\"as_int\": 2}, {\"as_int\": 5}"), "bytes, but there are only");
  expect_fault(ChangedProgram().weights("\"storage_offset\": {\"as_int\": 0}", "\"storage_offset\": {\"as_int\": -1}"),
               "impossible");
}

TEST(DamagedProgram, WithAPickleThatCallsFunctionsIsRefusedAndCallsNone) {
  ChangedProgram program("siamese.old.pt2");
  const TemporaryFolder temporary;
  const std::filesystem::path path = temporary.path() / "state.pt";
  std::string& state = program.record("serialized_state_dict.pt");
  std::ofstream(path, std::ios::binary) << state;
  std::vector<ZipEntry> entries = unzip(path);
  for (ZipEntry& entry : entries)
    if (const std::size_t at = entry.content.find("torch._utils\n_rebuild_parameter\n"); at != std::string::npos)
      entry.content.replace(at, 32, "posix\nsystem\n");
  state = zip(entries);
  expect_fault(program, "it calls \"posix system");
  state.resize(state.size() / 2);
  expect_fault(program, "damaged");
}

TEST(DamagedProgram, WithOperatorsThatAreNotKnownSaysWhich) {
  expect_fault(ChangedProgram().program("torch.ops.aten.conv1d.default", "torch.ops.aten.special_zeta.default"),
               "aten.special_zeta.default in \"features.0\": an operator that is not known");
  expect_fault(ChangedProgram().program("torch.ops.aten.conv1d.default", "torch.ops.mine.conv1d.default"),
               "an operator of \"mine\"");
  expect_fault(ChangedProgram().program("torch.ops.aten.conv1d.default", "torch.ops.higher_order.cond"),
               "control flow");
}

TEST(DamagedProgram, WhoseTensorsAreNotWhatItSaysIsRefused) {
  expect_fault(
      ChangedProgram().program("\"stride\", \"arg\": {\"as_ints\": [2]}", "\"stride\", \"arg\": {\"as_ints\": [1]}"),
      "where the file says");
  expect_fault(
      ChangedProgram().program("\"stride\", \"arg\": {\"as_ints\": [2]}", "\"stride\", \"arg\": {\"as_ints\": [0]}"),
      "aten.conv1d.default");
  expect_fault(ChangedProgram().program("\"as_tensor\": {\"name\": \"conv1d\"}", "\"as_tensor\": {\"name\": \"none\"}"),
               "conv1d");
}

TEST(InPlace, WhatCannotBeFollowedMakesTheTensorUnknown) {
  const Shape shape{1, 3, 10, 10};
  EXPECT_EQ(ChangedProgram("buffers.pt2").fault(shape, "body"), "");
  const std::string zeroed =
      ChangedProgram("buffers.pt2").program("aten.zero_.default", "aten.round_.default").fault(shape, "body");
  EXPECT_NE(zeroed.find("a tensor that was changed in place: aten.round_.default"), std::string::npos) << zeroed;
}

TEST(InPlace, AViewThatIsNotKnownMayBeOneOfTheTensorThatItReads) {
  const std::string fault =
      ChangedProgram("buffers.pt2").program("aten.select.int", "aten.diagonal.default").fault({1, 3, 10, 10}, "body");
  EXPECT_NE(fault.find("a tensor that was changed in place: aten.diagonal.default"), std::string::npos) << fault;
}

}  // namespace
}  // namespace whycam::test
