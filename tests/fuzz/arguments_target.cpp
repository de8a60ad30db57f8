// What the command makes of its arguments. The input's first line says what the others are: "t" a target and
// the lines of a labels file, "p" the preprocessing, "e" an element of the output, "o" a command line.
#include <sys/mman.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <cstdlib>
#include <string>
#include <vector>

#include "arguments.h"
#include "exit_code.h"
#include "labels.h"
#include "target.h"
#include "targets.h"
#include "whycam/errors.h"

namespace whycam::cli {

const Build build{"", "", "", "", nullptr};  // nothing prints it

namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines{""};
  for (const char letter : text)
    if (letter == '\n')
      lines.emplace_back();
    else
      lines.back() += letter;
  return lines;
}

Labels labels_of(const std::string& text) {
  const int file = memfd_create("labels", MFD_CLOEXEC);
  if (write(file, text.data(), text.size()) != static_cast<ssize_t>(text.size())) std::abort();
  try {
    Labels labels("/proc/self/fd/" + std::to_string(file));
    close(file);
    return labels;
  } catch (...) {
    close(file);
    throw;
  }
}

void read_target(const std::vector<std::string>& lines) {
  std::string rest;
  for (std::size_t i = 2; i < lines.size(); ++i) rest += lines[i] + "\n";
  const Labels labels = rest.empty() ? Labels() : labels_of(rest);
  for (std::int64_t index = -1; index < 3; ++index)
    if (labels.file_name(index).find('/') != std::string::npos) std::abort();
  parse_target(lines[1], labels);
}

void read_preprocessing(const std::vector<std::string>& lines) {
  PreprocessingArguments arguments;
  std::string* const fields[] = {&arguments.size, &arguments.crop, &arguments.mean, &arguments.standard_deviation};
  for (std::size_t i = 0; i < 4 && i + 1 < lines.size(); ++i) *fields[i] = lines[i + 1];
  require_valid(arguments.parse());
}

void read_command_line(const std::vector<std::string>& lines) {
  CLI::App app("", "whycam");
  ExplainArguments explain;
  LayersArguments layers;
  GraphArguments graph;
  explain.add_to(*app.add_subcommand("explain"));
  layers.add_to(*app.add_subcommand("layers"));
  graph.add_to(*app.add_subcommand("graph"));
  try {
    app.parse(std::vector<std::string>(lines.rbegin(), lines.rend() - 1));
  } catch (const CLI::ParseError&) {
    return;
  }
  try {
    for (const std::string& method : explain.methods) method_named(method);
  } catch (const InputError&) {
  }
}

}  // namespace
}  // namespace whycam::cli

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace whycam::cli;
  const std::vector<std::string> lines = lines_of({reinterpret_cast<const char*>(data), size});
  if (lines.size() < 2) return 0;
  try {
    if (lines[0] == "t") read_target(lines);
    if (lines[0] == "p") read_preprocessing(lines);
    if (lines[0] == "e") parse_output_element(lines[1]);
    if (lines[0] == "o") read_command_line(lines);
  } catch (const Failure&) {
  }
  return 0;
}

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned) {
  // The first line stays, so that changes meet what it chooses.
  if (size < 2 || data[1] != '\n') return LLVMFuzzerMutate(data, size, max_size);
  return 2 + LLVMFuzzerMutate(data + 2, size - 2, max_size - 2);
}
