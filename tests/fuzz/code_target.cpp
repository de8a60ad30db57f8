// The check of a network's code: what it lets pass, libtorch's lexer and parser follow, which descend by recursion.
#include <torch/csrc/jit/frontend/lexer.h>
#include <torch/csrc/jit/frontend/parser.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>

#include "formats/archive/code_check.h"
#include "target.h"

namespace {

/// As libtorch reads a record of code: one class or function after another.
void parse(const std::string& code) {
  using namespace torch::jit;
  Parser parser(std::make_shared<Source>(code));
  Lexer& lexer = parser.lexer();
  while (lexer.cur().kind != TK_EOF) {
    if (lexer.cur().kind == TK_CLASS_DEF)
      parser.parseClass();
    else if (lexer.cur().kind == TK_DEF)
      parser.parseFunction(/*is_method=*/false);
    else
      lexer.next();
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string code(reinterpret_cast<const char*>(data), size);
  try {
    whycam::archive::check_code(code);
  } catch (const std::runtime_error&) {
    return 0;
  }
  try {
    parse(code);
  } catch (const std::exception&) {  // which Model::load reports
  }
  return 0;
}

/// Mostly repeats a piece of the text many times, as depth comes about.
std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed) {
  size = LLVMFuzzerMutate(data, size, max_size);
  if (seed % 4 != 0 || size < 8) return size;
  const std::size_t begin = seed / 4 % size, length = 1 + seed / 64 % std::min<std::size_t>(size - begin, 12);
  const std::string piece(reinterpret_cast<const char*>(data) + begin, length);
  std::string text(reinterpret_cast<const char*>(data), size), run;
  while (run.size() + length <= std::min<std::size_t>(max_size - size, 60000)) run += piece;
  text.insert(begin, run);
  std::copy(text.begin(), text.end(), data);
  return text.size();
}
