#include "output_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "exit_code.h"
#include "whycam/errors.h"

namespace whycam::cli {
namespace {

namespace fs = std::filesystem;

constexpr char lock_begin[] = ".whycam", lock_end[] = ".lock";

/// Makes the folder; says whether it was not there before.
bool prepare_folder(const fs::path& folder, const Shard& shard) {
  std::error_code failure;
  const bool made = fs::create_directories(folder, failure);
  std::error_code ignored;
  if (failure || !fs::is_directory(folder, ignored))
    throw OutputError("cannot make the folder \"" + folder.string() +
                      "\": " + (failure ? failure.message() : "something else has that name"));
  std::string trial = (folder / shard.file(lock_begin, "-XXXXXX.part")).string();
  const int file = mkstemps(trial.data(), 5);
  if (file < 0) throw OutputError("cannot write into the folder \"" + folder.string() + "\": " + std::strerror(errno));
  close(file);
  fs::remove(trial, ignored);
  return made;
}

/// Whether a lock could be had, or needs not be: on a file system without locks there is none. Others hold some for a
/// moment to look whether they can, so that it is tried for a while.
bool try_lock(int descriptor, int kind) {
  for (int tries = 0; tries < 10; ++tries) {
    if (::flock(descriptor, kind | LOCK_NB) == 0 || errno != EWOULDBLOCK) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return false;
}

/// The folder's descriptor with the lock, which the system takes off when it is closed, however the process ends.
int lock_folder(const fs::path& folder, const Shard& shard) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0 || try_lock(descriptor, shard.is_all() ? LOCK_EX : LOCK_SH)) return descriptor;
  ::close(descriptor);
  throw Failure(ExitCode::output, "another run is writing into the folder \"" + folder.string() +
                                      "\"; wait for its end, or name another --output-dir");
}

/// The shard's own lock: a file that is still in the folder once it is locked.
int lock_shard(const fs::path& folder, const Shard& shard) {
  const fs::path path = folder / shard.file(lock_begin, lock_end);
  while (true) {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
    if (descriptor < 0) throw OutputError("cannot write \"" + path.string() + "\": " + std::strerror(errno));
    if (!try_lock(descriptor, LOCK_EX)) {
      ::close(descriptor);
      throw Failure(ExitCode::output, "another run of the shard " + shard.text() + " is writing into the folder \"" +
                                          folder.string() + "\"; wait for its end");
    }
    struct stat ours{}, there{};
    if (::fstat(descriptor, &ours) == 0 && ::lstat(path.c_str(), &there) == 0 && ours.st_dev == there.st_dev &&
        ours.st_ino == there.st_ino)
      return descriptor;
    ::close(descriptor);  // its owner ended, and removed it
  }
}

/// Shards of another count have inputs of this one. Their locks are looked at once this one's is held, so that of two
/// that begin at the same time one at least finds the other. A run over all inputs looks, too: network file systems
/// know locks on files of other machines, and not those on folders.
void require_no_other_count(const fs::path& folder, const Shard& shard) {
  std::error_code failure;
  for (auto entry = fs::directory_iterator(folder, failure); !failure && entry != fs::directory_iterator();
       entry.increment(failure)) {
    const auto other = shard_of_file(entry->path().filename().string(), lock_begin, lock_end);
    if (!other || other->count == shard.count) continue;
    const int descriptor = ::open(entry->path().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (descriptor < 0) continue;
    const bool is_free = ::flock(descriptor, LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK;
    ::close(descriptor);
    if (!is_free)
      throw Failure(ExitCode::output, "the shard " + other->text() + " is at work in the folder \"" + folder.string() +
                                          "\": the count of shards may change once all of them have ended");
  }
}

}  // namespace

OutputFolder::OutputFolder(const fs::path& folder, const Shard& shard)
    : folder_(folder), shard_(shard), made_(prepare_folder(folder, shard)), descriptor_(lock_folder(folder, shard)) {
  try {
    if (!shard_.is_all()) shard_lock_ = lock_shard(folder_, shard_);
    require_no_other_count(folder_, shard_);
  } catch (...) {
    unlock();
    throw;
  }
}

OutputFolder::~OutputFolder() { unlock(); }

void OutputFolder::unlock() const {
  if (shard_lock_ >= 0) {
    ::unlink((folder_ / shard_.file(lock_begin, lock_end)).c_str());
    ::close(shard_lock_);
  }
  std::error_code not_empty;
  if (made_) fs::remove(folder_, not_empty);
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool OutputFolder::is_unfinished(const std::string& name) const {
  if (shard_.is_all() && shard_of_file(name, lock_begin, lock_end)) return true;
  return name.rfind(shard_.file(lock_begin, "-"), 0) == 0 && fs::path(name).extension() == ".part";
}

void OutputFolder::remove_unfinished_files(const std::set<fs::path>& sub_folders) const {
  std::vector<fs::path> found;
  std::error_code failure;
  const auto look_into = [&](const fs::path& folder) {
    for (auto entry = fs::directory_iterator(folder, failure); !failure && entry != fs::directory_iterator();
         entry.increment(failure))
      if (is_unfinished(entry->path().filename().string())) found.push_back(entry->path());
  };
  look_into(folder_);
  for (const fs::path& folder : sub_folders)
    if (!folder.empty() && leads_through_folders(folder_, folder / ".")) look_into(folder_ / folder);
  for (const auto& path : found) fs::remove(path, failure);
}

void OutputFolder::require_in_place() const {
  struct stat ours{}, there{};
  if (descriptor_ < 0 || ::fstat(descriptor_, &ours) != 0) return;
  if (::stat(folder_.c_str(), &there) != 0 || ours.st_dev != there.st_dev || ours.st_ino != there.st_ino)
    throw OutputError("the folder \"" + folder_.string() +
                      "\" was removed or replaced while the run went on, with what it had written");
}

void make_sub_folder(const fs::path& folder, const fs::path& sub_folder) {
  fs::path path = folder;
  for (const fs::path& part : sub_folder) {
    path /= part;
    std::error_code failure, unknown;
    fs::create_directory(path, failure);
    if (fs::symlink_status(path, unknown).type() != fs::file_type::directory)
      throw OutputError("cannot make the folder \"" + path.string() + "\": " +
                        (failure && !fs::exists(fs::symlink_status(path, unknown))
                             ? failure.message()
                             : "something that is not a folder has that name"));
  }
}

bool leads_through_folders(const fs::path& folder, const fs::path& file) {
  fs::path path = folder;
  std::error_code unknown;
  for (const fs::path& part : file.parent_path()) {
    path /= part;
    if (fs::symlink_status(path, unknown).type() != fs::file_type::directory) return false;
  }
  return true;
}

}  // namespace whycam::cli
