#include "output_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "exit_code.h"
#include "whycam/errors.h"

namespace whycam::cli {
namespace {

/// Makes the folder; says whether it was not there before.
bool prepare_folder(const std::filesystem::path& folder) {
  std::error_code failure;
  const bool made = std::filesystem::create_directories(folder, failure);
  std::error_code ignored;
  if (failure || !std::filesystem::is_directory(folder, ignored))
    throw OutputError("cannot make the folder \"" + folder.string() +
                      "\": " + (failure ? failure.message() : "something else has that name"));
  std::string trial = (folder / ".whycam-XXXXXX.part").string();
  const int file = mkstemps(trial.data(), 5);
  if (file < 0) throw OutputError("cannot write into the folder \"" + folder.string() + "\": " + std::strerror(errno));
  close(file);
  std::filesystem::remove(trial, ignored);
  return made;
}

/// The folder's descriptor with the lock, which the system takes off when it is closed, however the process ends. On a
/// file system without locks there is none.
int lock_folder(const std::filesystem::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0 || ::flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return descriptor;
  ::close(descriptor);
  throw Failure(ExitCode::output, "another run is writing into the folder \"" + folder.string() +
                                      "\"; wait for its end, or name another --output-dir");
}

}  // namespace

OutputFolder::OutputFolder(const std::filesystem::path& folder)
    : folder_(folder), made_(prepare_folder(folder)), descriptor_(lock_folder(folder)) {}

OutputFolder::~OutputFolder() {
  std::error_code not_empty;
  if (made_) std::filesystem::remove(folder_, not_empty);
  if (descriptor_ >= 0) ::close(descriptor_);
}

void OutputFolder::remove_unfinished_files() const {
  std::vector<std::filesystem::path> found;
  std::error_code failure;
  for (auto entry = std::filesystem::directory_iterator(folder_, failure);
       !failure && entry != std::filesystem::directory_iterator(); entry.increment(failure)) {
    const std::string name = entry->path().filename().string();
    if (name.rfind(".whycam-", 0) == 0 && entry->path().extension() == ".part") found.push_back(entry->path());
  }
  for (const auto& path : found) std::filesystem::remove(path, failure);
}

void OutputFolder::require_in_place() const {
  struct stat ours{}, there{};
  if (descriptor_ < 0 || ::fstat(descriptor_, &ours) != 0) return;
  if (::stat(folder_.c_str(), &there) != 0 || ours.st_dev != there.st_dev || ours.st_ino != there.st_ino)
    throw OutputError("the folder \"" + folder_.string() +
                      "\" was removed or replaced while the run went on, with what it had written");
}

}  // namespace whycam::cli
