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

[[noreturn]] void fail_to_read(const fs::path& folder, const std::error_code& failure) {
  throw Failure(ExitCode::input, "cannot read the folder \"" + folder.string() + "\": " + failure.message());
}

/// What a folder holds.
class FolderSearch {
 public:
  explicit FolderSearch(const Search& search) : search_(search) {}

  std::vector<fs::path> files, left_out;

  void look_into(const fs::path& folder) {
    std::vector<fs::path> folders;
    std::error_code failure;
    for (auto entry = fs::directory_iterator(folder, failure); !failure && entry != fs::directory_iterator();
         entry.increment(failure)) {
      std::error_code unknown;  // such as of a link to itself: whoever reads the file says it, and goes on with others
      if (entry->is_directory(unknown)) {  // most file systems say so in the list itself
        if (!is_passed_over(entry->path()))
          (search_.recursive && !entry->is_symlink(unknown) ? folders : left_out).push_back(entry->path());
      } else if (is_picture(entry->path()) || is_array(entry->path())) {
        files.push_back(entry->path());
      }
    }
    if (failure) fail_to_read(folder, failure);
    for (const fs::path& next : folders) look_into(next);
  }

 private:
  bool is_passed_over(const fs::path& folder) const {
    std::error_code unknown;
    return !search_.but.empty() && fs::equivalent(folder, search_.but, unknown);
  }

  const Search& search_;
};

std::vector<fs::path> in_folder(const fs::path& folder, const Search& search, FoundInputs& found) {
  FolderSearch searched(search);
  searched.look_into(folder);
  std::vector<fs::path>& files = searched.files;
  const std::size_t left_out = searched.left_out.size();
  if (files.empty())
    throw Failure(ExitCode::input,
                  "the folder \"" + folder.string() + "\" holds no .png, .jpg, .jpeg or .npy file" +
                      (left_out == 0 ? ""
                                     : ", and " + std::to_string(left_out) + " sub-folders, which were left out" +
                                           (search.recursive ? "" : " without --recursive")));
  if (left_out > 0) found.left_out.push_back({folder, left_out});
  std::sort(files.begin(), files.end());
  return files;
}

std::string without_ending(const fs::path& path) { return (path.parent_path() / path.stem()).generic_string(); }

/// Gives each a stem of its own in its folder of results.
void name(std::vector<InputFile>& files) {
  UniqueNames names;
  std::set<std::string> arrays;
  for (InputFile& file : files) {
    const std::string unique = names((file.folder / file.path.stem()).string());
    file.stem = fs::path(unique).filename().string();
    if (is_array(file.path)) arrays.insert(unique);
  }
  // The second example of x.npy must not be called as x-1.npy is.
  std::set<std::string> doubtful;
  for (const InputFile& file : files) {
    const std::string unique = (file.folder / file.stem).string();
    const std::size_t digits = unique.find_last_not_of("0123456789") + 1;
    if (digits < unique.size() && digits > 0 && unique[digits - 1] == '-')
      doubtful.insert(unique.substr(0, digits - 1));
  }
  for (InputFile& file : files) {
    const std::string unique = (file.folder / file.stem).string();
    if (arrays.count(unique) && doubtful.count(unique)) file.before_example = "-example-";
  }
}

}  // namespace

bool is_array(const fs::path& path) { return ending(path) == ".npy"; }

FoundInputs find_inputs(const std::vector<std::string>& paths, const Search& search) {
  FoundInputs found;
  for (const std::string& text : paths) {
    const fs::path path(text);
    std::error_code failure;
    const fs::file_status status = fs::status(path, failure);
    if (status.type() == fs::file_type::not_found) throw Failure(ExitCode::input, "there is no input \"" + text + "\"");
    if (!fs::exists(status)) throw Failure(ExitCode::input, "cannot read \"" + text + "\": " + failure.message());
    if (!fs::is_directory(status)) {
      found.files.push_back({path, {}, {}, without_ending(path.lexically_normal())});
      continue;
    }
    found.has_folder = true;
    for (const fs::path& file : in_folder(path, search, found)) {
      const fs::path relative = file.lexically_relative(path);
      found.files.push_back({file, {}, relative.parent_path(), without_ending(relative)});
    }
  }
  name(found.files);
  return found;
}

InputFile find_input(const std::string& path) { return find_inputs({path}, {}).files.at(0); }

std::string UniqueNames::operator()(const std::string& name) {
  std::string unique = name;
  for (int number = 2; !taken_.insert(unique).second; ++number) unique = name + "-" + std::to_string(number);
  return unique;
}

namespace {

std::string note_on(const std::string& type) {
  if (type.find("float") == std::string::npos)
    return "arrays of " + type + " are taken as they are, as float32: they are not divided by 255 or normalised";
  return "arrays of " + type + " are converted to float32" +
         (type.find("float64") == std::string::npos ? "" : ", which rounds");
}

Input picture_of(Input input, picture::Bytes bytes, const PictureForm& form) {
  const picture::Preprocessing& preprocessing = form.preprocessing;
  picture::Photo photo = picture::decode_photo(input.file.path, std::move(bytes), preprocessing.channels(), form.limit);
  try {
    picture::Seen seen = picture::see(photo, preprocessing);
    input.tensor = form.channels_last ? to_channels_last(seen.input) : std::move(seen.input);
    std::optional<picture::Image> original;
    if (form.full_size) original = std::move(photo.image);
    input.views.emplace_back(std::move(seen), form.channels_last, std::move(original));
  } catch (const InputError& error) {
    throw InputError("cannot use \"" + input.file.path.string() + "\": " + error.what());
  }
  return input;
}

}  // namespace

Input read_input(const InputFile& file, const PictureForm& form) {
  picture::Bytes bytes =
      picture::read_file(file.path, is_array(file.path) ? picture::largest_array_file : picture::largest_picture_file);
  Input input{file, checksum_of(bytes), {}, {}, {}};
  if (!is_array(file.path)) return picture_of(std::move(input), std::move(bytes), form);
  picture::NpyArray array = picture::decode_npy(file.path, bytes);
  if (!array.type.empty()) input.notes.push_back(note_on(array.type));
  input.tensor = picture::to_array(std::move(array));
  if (const std::size_t dimensions = input.tensor.shape.size(); dimensions < 2)
    throw InputError("cannot use \"" + file.path.string() + "\": it has " + std::to_string(dimensions) +
                     " dimensions; the first of an array counts examples, and the network's own follow, as in "
                     "N x C x H x W");
  if (!all_finite(input.tensor))
    throw InputError("cannot use \"" + file.path.string() +
                     "\": it holds NaN or infinity; a network's answer to those means nothing");
  return input;
}

}  // namespace whycam::cli
