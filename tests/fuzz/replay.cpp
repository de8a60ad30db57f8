// Runs a fuzz target without libFuzzer: over each file of a folder, and over a fixed sequence of changes of
// each. usage: whycam_fuzz_NAME FOLDER CHANGES
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

#include "target.h"

namespace {

std::mt19937 random_numbers;  // the same in every run

std::size_t below(std::size_t limit) { return limit == 0 ? 0 : random_numbers() % limit; }

}  // namespace

std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size) {
  for (std::size_t changes = 1 + below(4); changes > 0; --changes) {
    const std::size_t place = below(size), count = 1 + below(std::min<std::size_t>(size - place, 64));
    if (size == 0) return 0;
    switch (below(6)) {
      case 0:
        data[place] = static_cast<std::uint8_t>(data[place] ^ 1u << below(8));
        break;
      case 1:
        data[place] = static_cast<std::uint8_t>(random_numbers());
        break;
      case 2:
        std::memset(data + place, below(2) ? 0xFF : 0, std::min(count, size - place));
        break;
      case 3:
        std::memmove(data + place, data + below(size - std::min(count, size - place)), std::min(count, size - place));
        break;
      case 4:
        size = place;
        break;
      default:  // a run twice
        if (size + count > max_size || place + count > size) break;
        std::memmove(data + place + count, data + place, size - place);
        size += count;
    }
  }
  return size;
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  if (files.empty()) return 2;
  const int changes = std::atoi(argv[2]);
  for (const std::filesystem::path& path : files) {
    std::ifstream file(path, std::ios::binary);
    const std::vector<std::uint8_t> whole{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    LLVMFuzzerTestOneInput(whole.data(), whole.size());
    for (int change = 0; change < changes; ++change) {
      std::vector<std::uint8_t> changed = whole;
      changed.resize(whole.size() + 4096);
      const std::size_t size = LLVMFuzzerCustomMutator(changed.data(), whole.size(), changed.size(), random_numbers());
      changed.resize(size);
      changed.shrink_to_fit();  // so that the address sanitizer sees where it ends
      LLVMFuzzerTestOneInput(changed.data(), changed.size());
    }
  }
  std::printf("%zu files, %d changes of each\n", files.size(), changes);
}
