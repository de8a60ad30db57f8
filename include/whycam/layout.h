// Where channels and space lie in a tensor.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "whycam/api.h"

namespace whycam {

/// The order of a tensor's axes behind the examples, which are always first. A value.
struct Layout {
  enum class Kind {
    automatic,       ///< followed through the network from the operators that fix it, convolutions and pooling
    channels_first,  ///< N x C x space, of any number of dimensions
    channels_last,   ///< N x space x C
    tokens,          ///< N x T x C, T being a grid of places in row-major order
  };

  Kind kind = Kind::automatic;
  std::vector<std::int64_t> grid;  ///< of tokens: {14, 14}
  std::int64_t class_tokens = 0;   ///< of tokens: how many come before the grid and belong to no place

  static Layout channels_first() { return {Kind::channels_first, {}, 0}; }
  static Layout channels_last() { return {Kind::channels_last, {}, 0}; }
  static Layout tokens(std::vector<std::int64_t> grid, std::int64_t class_tokens = 0) {
    return {Kind::tokens, std::move(grid), class_tokens};
  }

  bool operator==(const Layout& other) const {
    return kind == other.kind && grid == other.grid && class_tokens == other.class_tokens;
  }
};

/// "auto", "nchw", "nhwc", "14x14+1": as the command's --layout has it.
WHYCAM_API std::string to_string(const Layout& layout);

/// The layout of that text. Throws InputError that says what there is.
WHYCAM_API Layout layout_named(const std::string& text);

}  // namespace whycam
