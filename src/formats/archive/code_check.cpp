#include "formats/archive/code_check.h"

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <string>
#include <vector>

namespace whycam::archive {
namespace {

/// Code that libtorch writes stays below 50. Its parser ends the process at some 3000 on a stack of 8 MiB.
constexpr std::size_t deepest = 1000;

[[noreturn]] void fail() { throw std::runtime_error("its code is nested too deep"); }

bool is_word(char letter) { return std::isalnum(static_cast<unsigned char>(letter)) || letter == '_'; }

/// How deep the syntax tree may be at a place: operators between two commas, or on a line, may all lie within
/// each other, and brackets lie in brackets.
class Depth {
 public:
  void open() {
    step();
    levels_.push_back(0);
  }
  void close() {
    sum_ -= levels_.back();
    levels_.back() = 0;
    if (levels_.size() > 1) levels_.pop_back();
  }
  void step() {
    ++levels_.back();
    if (++sum_ > deepest) fail();
  }
  void next_element() {
    sum_ -= levels_.back();
    levels_.back() = 0;
  }
  bool in_brackets() const { return levels_.size() > 1; }

 private:
  std::vector<std::size_t> levels_{0};
  std::size_t sum_ = 0;
};

/// Behind the string literal that begins at `begin`; one in single quotation marks ends with its line.
std::size_t end_of_string(std::string_view code, std::size_t begin) {
  const std::string marks(3, code[begin]);
  const std::size_t count = code.substr(begin, 3) == marks ? 3 : 1;
  const std::string_view end = std::string_view(marks).substr(0, count);
  std::size_t i = begin + count;
  while (i < code.size() && code.substr(i, count) != end && (count == 3 || code[i] != '\n'))
    i += code[i] == '\\' ? 2 : 1;
  return std::min(i + count, code.size());
}

/// How far what libtorch's lexer skips reaches from here: a comment, which goes to the end of its line (one that begins
/// with "# type:" is code), or a line that is continued.
std::size_t end_of_skipped(std::string_view code, std::size_t begin) {
  if (code[begin] == '#' && code.substr(begin, 7) != "# type:") return std::min(code.find('\n', begin), code.size());
  return code.substr(begin, 2) == "\\\n" ? begin + 2 : begin;
}

/// Lines and comments that follow one another with nothing between them: the lexer descends with each.
class Gap {
 public:
  void step() {
    if (++length_ > deepest) throw std::runtime_error("its code has too many empty lines and comments in a row");
  }
  void end() { length_ = 0; }

 private:
  std::size_t length_ = 0;
};

/// Follows the code letter by letter as the parser would, and counts how deep it would descend.
class CodeCheck {
 public:
  explicit CodeCheck(std::string_view code) : code_(code) {}
  void run() {
    while (at_ < code_.size()) step();
  }

 private:
  void step() {
    const char letter = code_[at_];
    follow_line(letter);
    if (const std::size_t end = end_of_skipped(code_, at_); end > at_) {
      gap_.step();
      at_ = end;
      return;
    }
    if (letter == '\n')
      gap_.step();
    else if (!is_space(letter))
      gap_.end();
    if (letter == '"' || letter == '\'')
      at_ = end_of_string(code_, at_);
    else if (is_word(letter))
      follow_word();
    else
      follow_sign(letter);
  }

  void follow_line(char letter) {
    if (letter == '\n') {
      if (!depth_.in_brackets()) depth_.next_element();
      indent_ = 0;
    }
    at_line_begin_ = letter == '\n' || (at_line_begin_ && (letter == ' ' || letter == '\t'));
    if (at_line_begin_ && ++indent_ > 2 * deepest) fail();
  }

  void follow_word() {
    const std::size_t begin = at_;
    while (at_ < code_.size() && is_word(code_[at_])) ++at_;
    const std::string_view word = code_.substr(begin, at_ - begin);
    for (const char* nesting : {"not", "if", "and", "or", "is", "in", "lambda"})
      if (word == nesting) depth_.step();
    if (word == "elif" && ++alternatives_ > deepest) fail();
  }

  void follow_sign(char letter) {
    if (letter == '(' || letter == '[' || letter == '{')
      depth_.open();
    else if (letter == ')' || letter == ']' || letter == '}')
      depth_.close();
    else if (letter == ',')
      depth_.next_element();
    else if (!is_space(letter))
      depth_.step();
    ++at_;
  }

  static bool is_space(char letter) { return std::isspace(static_cast<unsigned char>(letter)) != 0; }

  std::string_view code_;
  std::size_t at_ = 0, indent_ = 0, alternatives_ = 0;
  bool at_line_begin_ = true;
  Depth depth_;
  Gap gap_;
};

}  // namespace

void check_code(std::string_view code) { CodeCheck(code).run(); }

}  // namespace whycam::archive
