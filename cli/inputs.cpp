#include "inputs.h"

#include <algorithm>
#include <cctype>

#include "checksum.h"
#include "exit_code.h"
#include "whycam/errors.h"
#include "whycam/picture/decode.h"
#include "whycam/picture/render.h"

namespace whycam::cli {
namespace {

namespace fs = std::filesystem;

std::string ending(const fs::path& path) {
  std::string text = path.extension().string();
  for (char& letter : text) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return text;
}

bool is_picture(const fs::path& path) {
  const std::string text = ending(path);
  return text == ".png" || text == ".jpg" || text == ".jpeg";
}

std::vector<fs::path> in_folder(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code failure;
  for (auto entry = fs::directory_iterator(folder, failure); !failure && entry != fs::directory_iterator();
       entry.increment(failure))
    if ((is_picture(entry->path()) || is_array(entry->path())) && !fs::is_directory(entry->path()))
      files.push_back(entry->path());
  if (failure)
    throw Failure(ExitCode::input, "cannot read the folder \"" + folder.string() + "\": " + failure.message());
  if (files.empty())
    throw Failure(ExitCode::input, "the folder \"" + folder.string() + "\" holds no .png, .jpg, .jpeg or .npy file");
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

bool is_array(const fs::path& path) { return ending(path) == ".npy"; }

std::vector<InputFile> find_inputs(const std::vector<std::string>& paths) {
  std::vector<fs::path> files;
  for (const std::string& text : paths) {
    const fs::path path(text);
    std::error_code failure;
    if (!fs::exists(path, failure)) throw Failure(ExitCode::input, "there is no input \"" + text + "\"");
    if (fs::is_directory(path, failure)) {
      const auto found = in_folder(path);
      files.insert(files.end(), found.begin(), found.end());
    } else {
      files.push_back(path);
    }
  }
  std::vector<InputFile> inputs;
  UniqueNames stems;
  for (const fs::path& path : files) inputs.push_back({path, stems(path.stem().string())});
  return inputs;
}

std::string UniqueNames::operator()(const std::string& name) {
  std::string unique = name;
  for (int number = 2; !taken_.insert(unique).second; ++number) unique = name + "-" + std::to_string(number);
  return unique;
}

Input read_input(const InputFile& file, const picture::Preprocessing& preprocessing) {
  picture::Bytes bytes = picture::read_file(file.path);
  Input input{file, checksum_of(bytes), {}, {}};
  if (!is_array(file.path)) {
    const picture::Image image = picture::decode_image(file.path, std::move(bytes), preprocessing.channels());
    try {
      input.seen.push_back(picture::resize_for_network(image, preprocessing));
      input.tensor = picture::normalise(input.seen[0], preprocessing);
    } catch (const std::invalid_argument& error) {
      throw InputError("cannot use \"" + file.path.string() + "\": " + error.what());
    }
    return input;
  }
  input.tensor = picture::to_array(picture::decode_npy(file.path, bytes));
  if (input.tensor.shape.size() != 4)
    throw InputError("cannot use \"" + file.path.string() + "\": it has " + std::to_string(input.tensor.shape.size()) +
                     " dimensions; the command takes N x C x H x W");
  if (!all_finite(input.tensor))
    throw InputError("cannot use \"" + file.path.string() +
                     "\": it holds NaN or infinity; a network's answer to those means nothing");
  for (std::int64_t example = 0; example < input.tensor.shape[0]; ++example)
    input.seen.push_back(picture::picture_of_tensor(example_of(input.tensor, example)));
  return input;
}

}  // namespace whycam::cli
