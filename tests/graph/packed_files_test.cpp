// Packed weights kept in files: what other processes find there, and that nothing else is believed.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "backends/onednn/packed_files.h"
#include "backends/onednn/plan.h"
#include "graph/cases.h"
#include "graph/graph.h"
#include "whycam/errors.h"

namespace whycam::test {
namespace {

namespace fs = std::filesystem;

class PackedWeights : public testing::Test {
 protected:
  PackedWeights() : folder_(fs::temp_directory_path() / ("whycam-packed-" + std::to_string(getpid()))) {
    fs::remove_all(folder_);
    onednn::keep_packed_weights(folder_);
  }
  ~PackedWeights() override {
    onednn::keep_packed_weights({});
    fs::remove_all(folder_);
  }

  static onednn::Fingerprint key(const std::string& text) {
    onednn::Fingerprint key;
    key.add(text);
    return key;
  }

  std::vector<fs::path> files() const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(folder_)) found.push_back(entry.path());
    std::sort(found.begin(), found.end());
    return found;
  }

  /// Whether a plan's memory is these files: Linux tells what a process has mapped.
  bool maps_files() const {
    std::ifstream maps("/proc/self/maps");
    const std::string text{std::istreambuf_iterator<char>(maps), {}};
    return text.find(folder_.filename().string()) != std::string::npos;
  }

  /// The output of two convolutions, one of them done by Winograd's algorithm where that pays.
  std::vector<float> output(unsigned seed, std::vector<float>* scale = nullptr) const {
    graph::Graph graph;
    graph::ConvolutionAttributes window;
    window.strides = window.dilation = window.padding_begin = window.padding_end = {1, 1};
    graph::Value x = graph.add_input("input0", {2, 64, 14, 14});
    for (unsigned i = 0; i < 2; ++i) {
      const std::vector<float> numbers = noise(64 * 64 * 9, seed + i);
      graph::Value weights =
          graph.add_constant(graph::constant_of(std::vector<double>(numbers.begin(), numbers.end())), {64, 64, 3, 3});
      if (scale)
        weights = graph.binary(
            graph::Operator::multiply, weights,
            graph.add_constant(graph::constant_of(std::vector<double>(scale->begin(), scale->end())), {64, 1, 1, 1}));
      x = graph.add(graph::Operator::convolution, {x, weights}, window);
    }
    graph.add_output("y", x);
    const onednn::Plan plan(graph);
    mapped_ = maps_files();
    const auto run = plan.start();
    const std::vector<float> input = noise(2 * 64 * 14 * 14, 9);
    run->set(0, "input0", input.data());
    run->run(0);
    std::vector<float> result(input.size());
    run->read("y", result.data());
    return result;
  }

  fs::path folder_;
  mutable bool mapped_ = false;  ///< whether the last plan had mapped files
};

TEST_F(PackedWeights, AreFoundByTheirKeyAlone) {
  const std::vector<float> numbers = noise(20000, 1);
  const std::size_t bytes = numbers.size() * sizeof(float);
  const onednn::PackedFiles files;
  EXPECT_EQ(files.find(key("a"), bytes), nullptr);
  files.keep(key("a"), numbers.data(), bytes);
  const auto found = files.find(key("a"), bytes);
  ASSERT_NE(found, nullptr);
  EXPECT_TRUE(std::equal(numbers.begin(), numbers.end(), found.get()));
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(found.get()) % 64, 0U) << "on a cache line";
  EXPECT_EQ(files.find(key("b"), bytes), nullptr);
  EXPECT_EQ(files.find(key("a"), bytes - 4), nullptr);
  fs::rename(folder_ / key("a").text(), folder_ / key("b").text());
  EXPECT_EQ(files.find(key("b"), bytes), nullptr) << "another's, with its name";
}

TEST_F(PackedWeights, OfDamagedFilesAreNone) {
  const std::vector<float> numbers = noise(20000, 1);
  const std::size_t bytes = numbers.size() * sizeof(float);
  const onednn::PackedFiles files;
  files.keep(key("a"), numbers.data(), bytes);
  const fs::path path = folder_ / key("a").text();
  const auto size = fs::file_size(path);
  std::mt19937_64 random(1);
  for (int trial = 0; trial < 300; ++trial) {
    const auto place = static_cast<std::streamoff>(random() % size);
    const char flip = static_cast<char>(1 << random() % 8);
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    const auto flipped = [&] {
      file.seekg(place);
      const char byte = static_cast<char>(file.get() ^ flip);
      file.seekp(place);
      file.put(byte);
      file.flush();
    };
    flipped();
    EXPECT_EQ(files.find(key("a"), bytes), nullptr) << "byte " << place;
    flipped();
    EXPECT_NE(files.find(key("a"), bytes), nullptr);
  }
  fs::resize_file(path, size - 1);
  EXPECT_EQ(files.find(key("a"), bytes), nullptr);
  fs::resize_file(path, 0);
  EXPECT_EQ(files.find(key("a"), bytes), nullptr);
}

// Two signs, two numbers of one lane and two lanes: what sums or products of words do not tell apart.
TEST(Fingerprint, TellsDataApartThatSumsDoNot) {
  const std::vector<float> numbers = noise(4096, 1);
  const auto of = [](const std::vector<float>& given) {
    onednn::Fingerprint fingerprint;
    fingerprint.add(given.data(), given.size() * sizeof(float));
    return fingerprint.text();
  };
  std::vector<float> signs = numbers, swapped = numbers, lanes = numbers, longer = numbers;
  signs[1] = -signs[1], signs[17] = -signs[17];
  std::swap(swapped[0], swapped[16]);
  for (std::size_t i = 0; i < 4; ++i) std::swap(lanes[i], lanes[i + 4]);
  longer.push_back(0);
  for (const auto& other : {signs, swapped, lanes, longer}) EXPECT_NE(of(other), of(numbers));
  EXPECT_EQ(of(numbers), of(std::vector<float>(numbers)));
}

TEST_F(PackedWeights, AreMappedByTheNextPlanWithTheSameNumbers) {
  onednn::keep_packed_weights({});
  const std::vector<float> expected = output(1), expected_of_other = output(5);
  std::vector<float> scale = noise(64, 3);
  const std::vector<float> expected_scaled = output(1, &scale);
  EXPECT_FALSE(mapped_);
  onednn::keep_packed_weights(folder_);
  EXPECT_EQ(output(1), expected);
  EXPECT_FALSE(mapped_) << "nothing is there yet";
  const auto kept = files();
  EXPECT_EQ(kept.size(), 2U);
  EXPECT_EQ(output(1), expected);
#ifdef __linux__
  EXPECT_TRUE(mapped_);
#endif
  EXPECT_EQ(files(), kept);
  EXPECT_EQ(output(5), expected_of_other) << "other weights in the same order";
  EXPECT_EQ(output(1, &scale), expected_scaled) << "the same weights times others";
  EXPECT_EQ(output(1, &scale), expected_scaled);
}

TEST_F(PackedWeights, AreMadeAgainWhereSomethingElseHasTheirName) {
  const std::vector<float> expected = output(1);
  const auto kept = files();
  for (const fs::path& path : kept) std::ofstream(path, std::ios::in | std::ios::out) << "foreign";
  EXPECT_EQ(output(1), expected);
  EXPECT_FALSE(mapped_);
  EXPECT_EQ(output(1), expected);
#ifdef __linux__
  EXPECT_TRUE(mapped_) << "they were replaced";
#endif
  for (const fs::path& path : kept) {
    fs::remove(path);
    fs::create_directory(path);
  }
  EXPECT_EQ(output(1), expected);
  EXPECT_EQ(files(), kept) << "nothing is left beside them";
  for (const fs::path& path : kept) {
    fs::remove(path);
    ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  }
  EXPECT_EQ(output(1), expected);
  fs::remove_all(folder_);
  EXPECT_EQ(output(1), expected) << "the folder is gone";
}

TEST_F(PackedWeights, TakeAFolder) {
  const fs::path file = folder_ / "file";
  std::ofstream(file) << "no folder";
  EXPECT_THROW(onednn::keep_packed_weights(file), OutputError);
  EXPECT_THROW(onednn::keep_packed_weights(file / "below"), OutputError);
}

}  // namespace
}  // namespace whycam::test
