#include "run_inputs.h"

#include <algorithm>
#include <fstream>
#include <iostream>

#include "exit_code.h"
#include "job.h"

namespace whycam::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_path = 1 << 16;

std::vector<std::string> lines_of(std::istream& stream, const std::string& name) {
  std::vector<std::string> lines;
  std::string line;
  const auto end_line = [&] {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!line.empty()) lines.push_back(std::move(line));
    line.clear();
  };
  // Not by getline, which would read a line of any length.
  for (int letter = stream.get(); letter != std::char_traits<char>::eof(); letter = stream.get()) {
    if (letter == '\n') {
      end_line();
    } else {
      line += static_cast<char>(letter);
      if (letter == 0 || line.size() > longest_path)
        throw Failure(ExitCode::input, "line " + std::to_string(lines.size() + 1) + " of " + name +
                                           (letter == 0 ? " holds a zero byte: give a path a line"
                                                        : " is longer than any path: give a path a line"));
    }
  }
  end_line();
  if (stream.bad()) throw Failure(ExitCode::input, "cannot read " + name);
  return lines;
}

/// What was named, on the command line and in the list.
std::vector<std::string> named_inputs(const ExplainArguments& arguments) {
  std::vector<std::string> named = arguments.inputs;
  if (arguments.from.empty()) {
    if (named.empty())
      throw Failure(ExitCode::usage, "INPUT is required: pictures, folders or arrays, or a list of them with --from");
    return named;
  }
  const std::vector<std::string> listed = read_list(arguments.from);
  named.insert(named.end(), listed.begin(), listed.end());
  if (named.empty())
    throw Failure(ExitCode::input, "the list \"" + arguments.from + "\" names no inputs: it holds a path a line");
  return named;
}

std::string note_on(const LeftOut& left, bool recursive) {
  const bool one = left.folders == 1;
  return std::to_string(left.folders) + (one ? " sub-folder of \"" : " sub-folders of \"") + left.folder.string() +
         (one ? "\" was left out" : "\" were left out") +
         (!recursive ? "; --recursive descends into " + std::string(one ? "it" : "them")
          : one      ? ", being a link"
                     : ", being links");
}

std::string with_counts(const RunInputs& inputs) {
  return std::to_string(inputs.files.size()) + " of " + std::to_string(inputs.all.size()) + " inputs";
}

/// The shard that is asked for, or that the job gives where there is something to share.
void choose_shard(const std::string& asked, bool has_something_to_share, RunInputs& inputs) {
  if (!asked.empty() && asked != "auto") {
    const auto shard = shard_named(asked);
    if (!shard)
      throw Failure(ExitCode::usage, "--shard takes K/N with K from 1 to N, as in 3/16, or auto, not \"" + asked +
                                         "\" (N is at most " + std::to_string(most_shards) + ")");
    inputs.shard = *shard;
    return;
  }
  if (asked.empty() && !has_something_to_share) return;
  JobShard job = shard_of_job(variable);
  if (!asked.empty() && job.source.empty() && !job.notes.empty())
    throw Failure(ExitCode::usage, "--shard auto: " + job.notes[0]);
  inputs.shard = job.shard;
  inputs.automatic = job.source;
  if (!asked.empty() && job.source.empty())
    inputs.notes.emplace_back("no job around this process gives a shard: all inputs are explained");
  inputs.notes.insert(inputs.notes.end(), job.notes.begin(), job.notes.end());
}

}  // namespace

std::vector<std::string> read_list(const std::string& file) {
  if (file == "-") return lines_of(std::cin, "the standard input");
  std::error_code failure;
  if (fs::is_directory(file, failure))
    throw Failure(ExitCode::input, "the list \"" + file + "\" is a folder: name it as an INPUT, without --from");
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw Failure(ExitCode::input, "cannot read the list \"" + file + "\"");
  return lines_of(stream, "the list \"" + file + "\"");
}

RunInputs find_run_inputs(const ExplainArguments& arguments) {
  RunInputs inputs;
  FoundInputs found = find_inputs(named_inputs(arguments), {arguments.recursive, arguments.output_dir});
  inputs.all = std::move(found.files);
  for (const LeftOut& left : found.left_out) inputs.notes.push_back(note_on(left, arguments.recursive));
  choose_shard(arguments.shard, found.has_folder || !arguments.from.empty() || inputs.all.size() > 1, inputs);
  std::copy_if(inputs.all.begin(), inputs.all.end(), std::back_inserter(inputs.files),
               [&](const InputFile& file) { return inputs.shard.has(file.key); });
  if (!inputs.automatic.empty())
    inputs.automatic = "shard " + inputs.shard.text() + ", " + with_counts(inputs) + ", by " + inputs.automatic +
                       (arguments.shard.empty() ? "; --shard 1/1 explains all" : "");
  else if (!inputs.shard.is_all())
    inputs.notes.push_back("shard " + inputs.shard.text() + ": " + with_counts(inputs));
  return inputs;
}

}  // namespace whycam::cli
