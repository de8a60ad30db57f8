#include "graph/processor_without_caches.h"

#if defined(__x86_64__) && defined(__linux__)

#include <asm/prctl.h>
#include <cpuid.h>
#include <signal.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>

namespace whycam::test {
namespace {

bool let_cpuid_run(bool runs) { return syscall(SYS_arch_prctl, ARCH_SET_CPUID, runs ? 1UL : 0UL) == 0; }

/// Answers the instruction CPUID, which has faulted.
void answer(int, siginfo_t*, void* context) {
  greg_t* registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  const auto* instruction = reinterpret_cast<const std::uint8_t*>(registers[REG_RIP]);
  if (instruction[0] != 0x0F || instruction[1] != 0xA2) {  // another fault, which comes again and ends the process
    signal(SIGSEGV, SIG_DFL);
    return;
  }
  const auto leaf = static_cast<std::uint32_t>(registers[REG_RAX]),
             subleaf = static_cast<std::uint32_t>(registers[REG_RCX]);
  std::uint32_t a = 0, b = 0, c = 0, d = 0;
  let_cpuid_run(true);
  __cpuid_count(leaf, subleaf, a, b, c, d);
  let_cpuid_run(false);
  constexpr std::uint32_t caches_of_intel = 4, caches_of_amd = 0x8000001D, highest_extended = 0x80000000, features = 7;
  if (leaf == 0) {
    std::memcpy(&b, "Auth", 4);
    std::memcpy(&d, "enti", 4);
    std::memcpy(&c, "cAMD", 4);
  } else if (leaf == features && subleaf == 0) {
    d &= ~((1U << 22) | (1U << 24) | (1U << 25));  // AMX, which no AMD processor has
  } else if (leaf == highest_extended) {
    a = caches_of_amd;
  } else if (leaf == caches_of_intel || leaf == caches_of_amd) {
    a = b = c = d = 0;
  }
  registers[REG_RAX] = a;
  registers[REG_RBX] = b;
  registers[REG_RCX] = c;
  registers[REG_RDX] = d;
  registers[REG_RIP] += 2;
}

}  // namespace

bool pretend_a_processor_without_caches() {
  struct sigaction action = {};
  action.sa_sigaction = answer;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  return sigaction(SIGSEGV, &action, nullptr) == 0 && let_cpuid_run(false);
}

}  // namespace whycam::test

#else

namespace whycam::test {

bool pretend_a_processor_without_caches() { return false; }

}  // namespace whycam::test

#endif
