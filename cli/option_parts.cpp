#include "option_parts.h"

namespace whycam::cli {

std::string not_empty(const std::string& text) { return text.empty() ? "it takes a value, and is empty" : ""; }

std::string whole_number(const std::string& text) {
  const bool digits = !text.empty() && text.size() <= 19 && text.find_first_not_of("0123456789") == std::string::npos;
  return digits && (text[0] != '0' || text.size() == 1) ? ""
                                                        : "takes a whole number from 0 to 10^19, not \"" + text + "\"";
}

CLI::Validator range(int low, int high) { return CLI::Range(low, high).description(""); }

void begin_group(CLI::App& command, const char* heading) { command.option_defaults()->group(heading); }

void add_threads(CLI::App& command, int& threads) {
  command.add_option("--threads", threads, "Threads for the network; default: all cores")
      ->type_name("COUNT")
      ->check(range(1, 4096));
}

void add_output_element(CLI::App& command, std::string& output_element) {
  command
      .add_option("--output-element", output_element,
                  "Which element of the network's output is explained where that is a tuple, list or dictionary: a "
                  "number or key, with points between several steps; a key with points in it, or that is a number, in "
                  "double quotes")
      ->type_name("ELEMENT")
      ->check(not_empty);
}

}  // namespace whycam::cli
