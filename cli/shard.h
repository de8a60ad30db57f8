// A run's inputs shared out among several processes, on any machines, which write into one folder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace whycam::cli {

/// A hash of some bytes that is the same on every machine and in every version: FNV-1a of 64 bits, and over it the
/// finaliser of MurmurHash3, so that the remainder by any count is even.
std::uint64_t stable_hash(const std::string& bytes);

/// One shard of so many.
struct Shard {
  std::uint64_t number = 1;  ///< from 1 to count
  std::uint64_t count = 1;

  /// Whether there is nothing to share.
  bool is_all() const { return count == 1; }
  /// Whether an input is of this shard, by its key (see InputFile): each is of one, whatever other inputs there are.
  bool has(const std::string& key) const { return stable_hash(key) % count == number - 1; }

  /// "3/16".
  std::string text() const;
  /// "3-of-16", as names of files have it.
  std::string name() const;
  /// A file of this shard: "manifest-3-of-16.jsonl" for "manifest" and ".jsonl", and "manifest.jsonl" where it is all.
  std::string file(const std::string& name, const std::string& ending) const;
};

inline bool operator==(const Shard& one, const Shard& other) {
  return one.number == other.number && one.count == other.count;
}

/// The most shards that there may be.
constexpr std::uint64_t most_shards = 1000000;

/// A whole number from 0 on, of nine digits at most; nothing for any other text.
std::optional<std::uint64_t> short_number(const std::string& text);

/// "3/16": from 1/1 to most_shards; nothing for any other text.
std::optional<Shard> shard_named(const std::string& text);

/// Whose file this is by its name; nothing where it is not such a file.
std::optional<Shard> shard_of_file(const std::string& file, const std::string& name, const std::string& ending);

}  // namespace whycam::cli
