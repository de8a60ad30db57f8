#include "backends/onednn/packed_files.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <string>
#if __has_include(<sys/mman.h>)
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <random>
#endif

#include "whycam/errors.h"

namespace whycam::onednn {
namespace {

namespace fs = std::filesystem;

constexpr const char* unfinished = "unfinished-";

std::mutex mutex;
fs::path chosen;

}  // namespace

namespace {

/// What was being written when a process ended.
void remove_unfinished(const fs::path& folder) {
  std::error_code failure;
  for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end; entry.increment(failure)) {
    if (entry->path().filename().string().rfind(unfinished, 0) != 0) continue;
    std::error_code ignored;
    if (fs::file_time_type::clock::now() - entry->last_write_time(ignored) > std::chrono::hours(1))
      fs::remove(entry->path(), ignored);
  }
}

}  // namespace

void keep_packed_weights(const fs::path& folder) {
  if (!folder.empty()) {
    std::error_code failure;
    fs::create_directories(folder, failure);
    if (!fs::is_directory(folder, failure))
      throw OutputError("the plan cache \"" + folder.string() + "\" is no folder, and cannot be made one");
    remove_unfinished(folder);
  }
  const std::lock_guard lock(mutex);
  chosen = folder.empty() ? folder : fs::absolute(folder);
}

PackedFiles::PackedFiles() {
  const std::lock_guard lock(mutex);
  folder_ = chosen;
}

#if __has_include(<sys/mman.h>)

namespace {

/// What stands before the numbers, which begin on a cache line.
struct Head {
  std::array<char, 16> magic{"whycam packed 1"};
  Fingerprint::Lanes key{}, content{};
  std::uint64_t bytes = 0;
  std::array<char, 104> rest{};
};
static_assert(sizeof(Head) % 64 == 0);

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int operator*() const { return number_; }

 private:
  int number_;
};

/// What is still there under that name goes, whatever happens.
struct Unfinished {
  const fs::path& path;
  ~Unfinished() {
    std::error_code ignored;
    fs::remove(path, ignored);
  }
};

Head head_of(const Fingerprint& key, const float* numbers, std::size_t bytes) {
  Fingerprint content;
  content.add(numbers, bytes);
  Head head;
  head.key = key.lanes();
  head.content = content.lanes();
  head.bytes = bytes;
  return head;
}

bool write_all(int file, const void* data, std::size_t bytes) {
  const char* from = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t written = write(file, from, bytes);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    from += written;
    bytes -= static_cast<std::size_t>(written);
  }
  return true;
}

}  // namespace

std::shared_ptr<const float> PackedFiles::find(const Fingerprint& key, std::size_t bytes) const {
  const Descriptor file(open((folder_ / key.text()).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat status{};
  const std::size_t size = sizeof(Head) + bytes;
  if (*file < 0 || fstat(*file, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size != static_cast<off_t>(size))
    return nullptr;
  void* memory = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, *file, 0);
  if (memory == MAP_FAILED) return nullptr;
  const std::shared_ptr<const void> mapped(memory, [size](void* mapping) { munmap(mapping, size); });
  const auto* numbers = reinterpret_cast<const float*>(static_cast<const char*>(memory) + sizeof(Head));
  const Head head = head_of(key, numbers, bytes);
  if (std::memcmp(memory, &head, sizeof head) != 0) return nullptr;
  return {mapped, numbers};
}

void PackedFiles::keep(const Fingerprint& key, const float* numbers, std::size_t bytes) const {
  std::random_device random;  // containers give the same number to each process
  const std::uint64_t name = std::uint64_t{random()} << 32 | random();
  const fs::path path = folder_ / key.text(), beside = folder_ / (unfinished + std::to_string(name));
  const Unfinished guard{beside};
  bool done = false;
  {
    const Descriptor file(open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (*file < 0) return;
    const Head head = head_of(key, numbers, bytes);
    done = write_all(*file, &head, sizeof head) && write_all(*file, numbers, bytes);
  }
  std::error_code ignored;
  if (done) fs::rename(beside, path, ignored);
}

#else

std::shared_ptr<const float> PackedFiles::find(const Fingerprint&, std::size_t) const { return nullptr; }
void PackedFiles::keep(const Fingerprint&, const float*, std::size_t) const {}

#endif

}  // namespace whycam::onednn
