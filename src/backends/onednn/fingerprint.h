// Telling data apart by a few numbers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace whycam::onednn {

/// Of data, in their order: other data have others, but for a chance of 2^-64 or less. It is no protection against
/// whoever makes data in order to have the same.
class Fingerprint {
 public:
  using Lanes = std::array<std::uint64_t, 8>;

  void add(std::uint64_t number);
  void add(const std::string& text) { add(text.data(), text.size()); }
  /// Numbers in memory, by several threads where they are many.
  void add(const void* data, std::size_t bytes);
  void add(const Fingerprint& other);

  const Lanes& lanes() const { return lanes_; }
  /// For a file's name.
  std::string text() const;

 private:
  void add_words(const unsigned char* data, std::size_t bytes);

  Lanes lanes_{1, 2, 3, 4, 5, 6, 7, 8};
};

}  // namespace whycam::onednn
