#include "whycam/picture/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <mutex>
#include <string>
#include <system_error>

#include "whycam/picture/errors.h"

namespace whycam::picture {
namespace {

namespace fs = std::filesystem;

std::string describe(int error_number) { return std::generic_category().message(error_number); }

struct Owner {
  std::mutex mutex;
  std::string name;
};

Owner& owner() {
  static Owner one;
  return one;
}

/// What the names of this process's temporary files begin with.
std::string temporary_prefix() {
  const std::lock_guard lock(owner().mutex);
  return ".whycam-" + (owner().name.empty() ? "" : owner().name + "-") + std::to_string(::getpid()) + "-";
}

/// A file under construction, which disappears again unless it is moved into place.
class TemporaryFile {
 public:
  explicit TemporaryFile(const fs::path& target) : target_(target) {
    static std::atomic<unsigned> next_number{0};
    // The name is not made from the target's: that may already be as long as the file system allows.
    const std::string prefix = temporary_prefix();
    do {
      path_ = target.parent_path() / (prefix + std::to_string(next_number++) + ".part");
      descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    } while (descriptor_ < 0 && errno == EEXIST);
    if (descriptor_ < 0) fail();
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!moved_) ::unlink(path_.c_str());
  }

  void write(const Bytes& bytes) {
    std::size_t written = 0;
    while (written < bytes.size()) {
      const ssize_t count = ::write(descriptor_, bytes.data() + written, bytes.size() - written);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail();
      written += static_cast<std::size_t>(count);
    }
  }

  /// A full disk or a lost network share may come to light only in fsync or close.
  void move_into_place() {
    if (::fsync(descriptor_) != 0) fail();
    const int descriptor = descriptor_;
    descriptor_ = -1;
    if (::close(descriptor) != 0) fail();
    if (::rename(path_.c_str(), target_.c_str()) != 0) fail();
    moved_ = true;
  }

 private:
  [[noreturn]] void fail() const { throw WriteError(target_, describe(errno)); }

  fs::path target_;
  fs::path path_;
  int descriptor_ = -1;
  bool moved_ = false;
};

/// A file open for reading, or -1. Opening a pipe waits for nobody.
struct File {
  explicit File(const fs::path& path) : descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (descriptor >= 0) ::close(descriptor);
  }
  const int descriptor;
};

}  // namespace

Bytes read_file(const fs::path& path, std::uintmax_t most) {
  const File file(path);
  struct stat status{};
  if (file.descriptor < 0 || ::fstat(file.descriptor, &status) != 0)
    throw PictureError(path, errno == ENOENT ? "there is no such file" : describe(errno));
  if (S_ISDIR(status.st_mode)) throw PictureError(path, "it is a folder; name a file in it");
  if (!S_ISREG(status.st_mode)) throw PictureError(path, "it is not a regular file; save it as one");
  const auto size = static_cast<std::uintmax_t>(status.st_size);
  if (size > most)
    throw PictureError(
        path, "its " + std::to_string(size) + " bytes are more than the " + std::to_string(most) + " that are read");
  Bytes bytes(size);
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t count = ::read(file.descriptor, bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0)
      throw PictureError(path, count == 0 ? "the file became shorter while it was read" : describe(errno));
    done += static_cast<std::size_t>(count);
  }
  return bytes;
}

void write_file(const fs::path& path, const Bytes& bytes) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  // Renaming over a device such as /dev/null would replace the device itself.
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    throw WriteError(path, "something that is not a regular file has that name");
  }
  TemporaryFile file(path);
  file.write(bytes);
  file.move_into_place();
}

void set_owner_of_temporary_files(const std::string& name) {
  const std::lock_guard lock(owner().mutex);
  owner().name = name;
}

}  // namespace whycam::picture
