#include "whycam/layout.h"

#include <charconv>
#include <utility>

#include "whycam/errors.h"

namespace whycam {
namespace {

/// Reads a positive number from the front of the text, and cuts it off; 0 where there is none.
std::int64_t take_number(std::string_view& text) {
  std::int64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc() || number <= 0 || number > (std::int64_t{1} << 30)) return 0;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

bool take(std::string_view& text, char letter) {
  if (text.empty() || text[0] != letter) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::string to_string(const Layout& layout) {
  switch (layout.kind) {
    case Layout::Kind::automatic:
      return "auto";
    case Layout::Kind::channels_first:
      return "nchw";
    case Layout::Kind::channels_last:
      return "nhwc";
    case Layout::Kind::tokens:
      break;
  }
  std::string text;
  for (const std::int64_t extent : layout.grid) text += (text.empty() ? "" : "x") + std::to_string(extent);
  return layout.class_tokens > 0 ? text + "+" + std::to_string(layout.class_tokens) : text;
}

Layout layout_named(const std::string& text) {
  if (text == "auto") return {};
  if (text == "nchw") return Layout::channels_first();
  if (text == "nhwc") return Layout::channels_last();
  std::string_view rest = text;
  std::vector<std::int64_t> grid;
  do grid.push_back(take_number(rest));
  while (take(rest, 'x'));
  std::int64_t class_tokens = 0;
  bool sound = grid.size() <= 3;
  for (const std::int64_t extent : grid) sound = sound && extent > 0;
  if (take(rest, '+')) {
    class_tokens = take_number(rest);
    sound = sound && class_tokens > 0;
  }
  if (!sound || !rest.empty())
    throw InputError(
        "\"" + text +
        "\" is no layout; it is auto, nchw (N x channels x space), nhwc (N x space x channels), or the grid "
        "of tokens with the class tokens before it, as in 14x14+1");
  return Layout::tokens(std::move(grid), class_tokens);
}

}  // namespace whycam
