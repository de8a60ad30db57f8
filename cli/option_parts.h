// What options are made of. CLI11 is a large header: few files include this one.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace whycam::cli {

/// A script's unset variable is no option that was left out.
std::string not_empty(const std::string& text);
/// CLI11 takes signs, and numbers that do not fit.
std::string whole_number(const std::string& text);
/// It is said where a value is not in it, and not in --help.
CLI::Validator range(int low, int high);

/// The options that are added next stand under that heading in --help.
void begin_group(CLI::App& command, const char* heading);
constexpr char what[] = "What is explained", how[] = "How it is computed", output_group[] = "Output",
               running[] = "Running";

void add_threads(CLI::App& command, int& threads);
void add_output_element(CLI::App& command, std::string& output_element);

}  // namespace whycam::cli
