#include "whycam/output_element.h"

#include <algorithm>
#include <charconv>

#include "whycam/errors.h"

namespace whycam {

std::vector<OutputElement> output_element_named(const std::string& text) {
  std::vector<OutputElement> steps;
  for (std::size_t begin = 0; begin <= text.size() && !text.empty();) {
    const bool quoted = text[begin] == '"';
    const std::size_t first = begin + (quoted ? 1 : 0),
                      last = std::min(text.find(quoted ? '"' : '.', first), text.size());
    const std::size_t end = last + (quoted ? 1 : 0);
    const std::string step = text.substr(first, last - first);
    if ((step.empty() && !quoted) || end > text.size() || (end < text.size() && text[end] != '.'))
      throw InputError(
          "it takes numbers and keys with points between them, and keys that hold points or are numbers in double "
          "quotes, not " +
          text);
    std::int64_t number = 0;
    const auto [stop, failure] = std::from_chars(step.data(), step.data() + step.size(), number);
    if (!quoted && failure == std::errc() && stop == step.data() + step.size())
      steps.emplace_back(number);
    else
      steps.emplace_back(step);
    begin = end + 1;
  }
  return steps;
}

}  // namespace whycam
