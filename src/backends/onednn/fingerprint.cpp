#include "backends/onednn/fingerprint.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <vector>

#include "backends/onednn/parallel.h"

namespace whycam::onednn {
namespace {

/// Each step is one-to-one in the lane and in the word, so that a difference of one word is never lost; the shift
/// brings high bits down, where the next product spreads them.
std::uint64_t mixed(std::uint64_t lane, std::uint64_t word) {
  const std::uint64_t product = (lane ^ word) * 0x9E3779B97F4A7C15U;
  return product ^ (product >> 29);
}

}  // namespace

void Fingerprint::add(std::uint64_t number) {
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) lanes_[lane] = mixed(lanes_[lane], number + lane);
}

void Fingerprint::add_words(const unsigned char* data, std::size_t bytes) {
  Lanes words{};
  const auto mix = [&](Lanes& lanes) {
    for (std::size_t lane = 0; lane < words.size(); ++lane) lanes[lane] = mixed(lanes[lane], words[lane]);
  };
  Lanes lanes = lanes_;  // which the compiler keeps in registers
  for (; bytes >= sizeof words; data += sizeof words, bytes -= sizeof words) {
    std::memcpy(words.data(), data, sizeof words);
    mix(lanes);
  }
  if (bytes > 0) {
    words.fill(0);
    std::memcpy(words.data(), data, bytes);
    mix(lanes);
  }
  lanes_ = lanes;
}

void Fingerprint::add(const void* data, std::size_t bytes) {
  constexpr std::size_t part = std::size_t{1} << 18;
  const auto* begin = static_cast<const unsigned char*>(data);
  std::vector<Fingerprint> parts((bytes + part - 1) / part);
  kernels::for_each(static_cast<std::int64_t>(parts.size()), kernels::grain, [&](std::int64_t i) {
    const std::size_t first = static_cast<std::size_t>(i) * part;
    parts[static_cast<std::size_t>(i)].add_words(begin + first, std::min(part, bytes - first));
  });
  add(std::uint64_t{bytes});
  for (const Fingerprint& one : parts) add(one);
}

void Fingerprint::add(const Fingerprint& other) {
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) lanes_[lane] = mixed(lanes_[lane], other.lanes_[lane]);
}

std::string Fingerprint::text() const {
  std::uint64_t both[2] = {0, 1};
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) both[lane % 2] = mixed(both[lane % 2], lanes_[lane]);
  char text[33];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(both[0]),
                static_cast<unsigned long long>(both[1]));
  return text;
}

}  // namespace whycam::onednn
