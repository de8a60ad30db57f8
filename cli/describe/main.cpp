// Writes the man page and the shell completions of the command. Part of the build, not installed.
#include <iostream>

#include "../command_line.h"
#include "documents.h"
#include "whycam/picture/files.h"

namespace {

void write(const std::filesystem::path& path, const std::string& text) {
  whycam::picture::write_file(path, whycam::picture::Bytes(text.begin(), text.end()));
}

}  // namespace

// usage: whycam_describe MAN_PAGE_TEMPLATE OUTPUT_FOLDER
int main(int argc, char** argv) {
  if (argc != 3) return 2;
  try {
    const whycam::cli::ProgramText program = whycam::cli::describe(whycam::cli::CommandLine().app());
    const auto page_template = whycam::picture::read_file(argv[1]);
    const std::filesystem::path folder = argv[2];
    write(folder / "whycam.1", whycam::cli::man_page(program, {page_template.begin(), page_template.end()}));
    write(folder / "whycam.bash", whycam::cli::bash_completion(program));
    write(folder / "_whycam", whycam::cli::zsh_completion(program));
    write(folder / "whycam.fish", whycam::cli::fish_completion(program));
  } catch (const std::exception& error) {
    std::cerr << "whycam_describe: " << error.what() << "\n";
    return 1;
  }
}
