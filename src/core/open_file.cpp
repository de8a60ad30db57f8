#include "core/open_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace whycam::core {

OpenFile::OpenFile(const std::filesystem::path& path) : descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  struct stat status{};
  if (descriptor_ < 0) return;
  if (fstat(descriptor_, &status) == 0) {
    size_ = static_cast<std::uint64_t>(status.st_size);
  } else {
    const int reason = errno;
    close(descriptor_);
    descriptor_ = -1;
    errno = reason;
  }
}

OpenFile::~OpenFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

bool OpenFile::read(std::uint64_t offset, std::size_t count, char* into) const {
  while (count > 0) {
    const ssize_t done = pread(descriptor_, into, count, static_cast<off_t>(offset));
    if (done < 0 && errno == EINTR) continue;
    if (done == 0) errno = 0;
    if (done <= 0) return false;
    into += done;
    offset += static_cast<std::uint64_t>(done);
    count -= static_cast<std::size_t>(done);
  }
  return true;
}

}  // namespace whycam::core
