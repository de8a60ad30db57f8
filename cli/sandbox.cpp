#include "sandbox.h"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "exit_code.h"

#include <unistd.h>

#ifdef __linux__
#include <fcntl.h>
#include <link.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

namespace whycam::cli {

namespace fs = std::filesystem;

#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))
namespace {

// Landlock's interface, which the headers of older systems have in part or not at all (Linux, uapi/linux/landlock.h).
constexpr long landlock_create_ruleset = 444, landlock_add_rule = 445, landlock_restrict_self = 446;
constexpr int rule_of_path = 1;

struct Ruleset {
  std::uint64_t file_rights, network_rights, scopes;
};

struct __attribute__((packed)) PathRule {
  std::uint64_t rights;
  std::int32_t descriptor;
};

constexpr std::uint64_t read_file = 1 << 2, read_folder = 1 << 3, remove_folder = 1 << 4;
/// Writing and truncating files, making and removing files and folders, and renaming them within a folder.
constexpr std::uint64_t change = 1 << 1 | remove_folder | 1 << 5 | 1 << 7 | 1 << 8 | 1 << 14;
constexpr std::uint64_t of_files = 1 << 0 | 1 << 1 | read_file | 1 << 14 | 1 << 15;  // the others are folders' rights

[[noreturn]] void fail(const std::string& what, int error) {
  throw Failure(ExitCode::usage, "--sandbox: " + what + ": " + std::strerror(error));
}

/// The rights that this kernel knows, by the version of its interface.
Ruleset all_rights(long version) {
  const std::uint64_t bits = version >= 5 ? 16 : version >= 3 ? 15 : version >= 2 ? 14 : 13;
  return {(std::uint64_t{1} << bits) - 1, version >= 4 ? 3U : 0U, version >= 6 ? 3U : 0U};
}

class Landlock {
 public:
  Landlock() {
    const long version = ::syscall(landlock_create_ruleset, nullptr, 0, 1);
    if (version < 1) fail("this system has no Landlock, which it needs (Linux 5.13, and switched on)", errno);
    all_ = all_rights(version);
    const std::size_t size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
    descriptor_ = static_cast<int>(::syscall(landlock_create_ruleset, &all_, size, 0));
    if (descriptor_ < 0) fail("cannot limit this process", errno);
  }
  ~Landlock() { ::close(descriptor_); }
  Landlock(const Landlock&) = delete;
  Landlock& operator=(const Landlock&) = delete;

  /// What is not there needs no right.
  void allow(const fs::path& path, std::uint64_t rights) {
    const int at = ::open(path.c_str(), O_PATH | O_CLOEXEC);
    if (at < 0) return;
    std::error_code failure;
    if (!fs::is_directory(path, failure)) rights &= of_files;
    const PathRule rule{rights & all_.file_rights, at};
    const long failed = rule.rights == 0 ? 0 : ::syscall(landlock_add_rule, descriptor_, rule_of_path, &rule, 0);
    const int error = errno;
    ::close(at);
    if (failed != 0) fail("cannot allow " + path.string(), error);
  }

  void restrict_self() const {
    if (::syscall(landlock_restrict_self, descriptor_, 0) != 0) fail("cannot limit this process", errno);
  }

 private:
  Ruleset all_{};
  int descriptor_ = -1;
};

/// Calls of the system that an explanation never needs: they fail as not permitted.
constexpr long refused[] = {
    SYS_execve,         SYS_execveat, SYS_socket,           SYS_socketpair, SYS_connect,
    SYS_bind,           SYS_ptrace,   SYS_process_vm_readv, SYS_kill,       SYS_process_vm_writev,
    SYS_io_uring_setup, SYS_bpf,      SYS_keyctl,           SYS_add_key,    SYS_perf_event_open,
    SYS_userfaultfd,    SYS_mount,    SYS_unshare,          SYS_setns,      SYS_chroot};

/// The folders of the libraries that this process runs with: more of theirs may be loaded when they are first needed.
std::vector<fs::path> library_folders() {
  std::vector<fs::path> folders;
  ::dl_iterate_phdr(
      [](dl_phdr_info* library, std::size_t, void* found) {
        const fs::path file = library->dlpi_name ? library->dlpi_name : "";
        if (file.is_absolute()) static_cast<std::vector<fs::path>*>(found)->push_back(file.parent_path());
        return 0;
      },
      &folders);
  return folders;
}

void refuse_calls() {
#ifdef __x86_64__
  constexpr std::uint32_t architecture = AUDIT_ARCH_X86_64, foreign_numbers = 0x40000000;  // x32's
#else
  constexpr std::uint32_t architecture = AUDIT_ARCH_AARCH64, foreign_numbers = 0xffffffff;
#endif
  std::vector<sock_filter> filter;
  const auto add = [&](unsigned code, std::uint32_t value, unsigned char if_true = 0, unsigned char if_false = 0) {
    filter.push_back({static_cast<std::uint16_t>(code), if_true, if_false, value});
  };
  constexpr unsigned answer = BPF_RET | BPF_K;
  constexpr std::uint32_t not_permitted = SECCOMP_RET_ERRNO | EPERM;
  add(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch));
  add(BPF_JMP | BPF_JEQ | BPF_K, architecture, 1, 0);
  add(answer, not_permitted);
  add(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr));
  add(BPF_JMP | BPF_JGE | BPF_K, foreign_numbers, 0, 1);
  add(answer, not_permitted);
  for (const long call : refused) {
    add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, 1);
    add(answer, not_permitted);
  }
  add(answer, SECCOMP_RET_ALLOW);
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  // Threads that libraries have started already, too.
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) != 0)
    fail("this system has no seccomp, which it needs", errno);
}

}  // namespace

void Sandbox::enter() {
  Landlock landlock;
  for (const fs::path& path : read) landlock.allow(path, read_file | read_folder);
  for (const char* system :
       {"/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/proc/self", "/proc/cpuinfo", "/proc/meminfo",
        "/sys/devices/system", "/sys/fs/cgroup", "/dev/null", "/dev/urandom"})
    landlock.allow(system, read_file | read_folder);
  for (const fs::path& folder : library_folders()) landlock.allow(folder, read_file | read_folder);
  landlock.allow("/dev/null", change);
  for (const fs::path& folder : write) {
    std::error_code failure;
    if (fs::create_directories(folder, failure)) made_.push_back(folder);
    landlock.allow(folder, read_file | read_folder | change);
    landlock.allow(fs::absolute(folder).lexically_normal().parent_path(), remove_folder);
  }
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail("cannot limit this process", errno);
  landlock.restrict_self();
  refuse_calls();
}
#else
void Sandbox::enter() {
  throw Failure(ExitCode::usage, "--sandbox needs Landlock and seccomp of Linux, which this system has not");
}
#endif

Sandbox::~Sandbox() {
  for (const fs::path& folder : made_) ::rmdir(folder.c_str());  // which leaves what is not empty
}

}  // namespace whycam::cli
