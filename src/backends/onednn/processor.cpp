#include "backends/onednn/processor.h"

#include <cstdint>
#include <string_view>

#include "backends/onednn/onednn.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace whycam::onednn {

#if defined(__x86_64__)

namespace {

struct Registers {
  std::uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Registers ask(std::uint32_t leaf, std::uint32_t subleaf) {
  Registers answer;
  __cpuid_count(leaf, subleaf, answer.eax, answer.ebx, answer.ecx, answer.edx);
  return answer;
}

bool is_amd() {
  const Registers vendor = ask(0, 0);
  const std::uint32_t letters[3] = {vendor.ebx, vendor.edx, vendor.ecx};
  return std::string_view(reinterpret_cast<const char*>(letters), sizeof letters) == "AuthenticAMD";
}

/// The bits from `first` to `last` of a number, which say one less than they mean.
std::uint64_t count_in(std::uint32_t number, int first, int last) {
  return ((number >> first) & ((1U << (last - first + 1)) - 1)) + 1;
}

}  // namespace

bool has_plausible_caches() {
  // Each thread's share of the first cache, as oneDNN computes it.
  const Registers cache = ask(is_amd() ? 0x8000001DU : 4U, 0);
  constexpr std::uint32_t no_cache = 0;
  if (!is_amd() && (cache.eax & 31U) == no_cache) return true;  // then oneDNN assumes usual ones
  const std::uint64_t ways = count_in(cache.ebx, 22, 31), partitions = count_in(cache.ebx, 12, 21),
                      line = count_in(cache.ebx, 0, 11), sets = std::uint64_t{cache.ecx} + 1,
                      sharing = count_in(cache.eax, 14, 25);
  constexpr std::uint64_t smallest = 8 * 1024;  // the smallest of real ones is 32 KiB, shared by two threads
  return ways * partitions * line * sets / sharing >= smallest;
}

int register_bits() {
  static const int bits = [] {
    const auto isa = static_cast<unsigned>(dnnl::get_effective_cpu_isa());  // a bit for each set of instructions
    const auto has = [isa](dnnl::cpu_isa all) {
      return (isa & static_cast<unsigned>(all)) == static_cast<unsigned>(all);
    };
    if (has(dnnl::cpu_isa::avx512_core)) return 512;
    return has(dnnl::cpu_isa::avx2) && __builtin_cpu_supports("fma") ? 256 : 0;
  }();
  return bits;
}

#else

bool has_plausible_caches() { return true; }
int register_bits() { return 0; }

#endif

}  // namespace whycam::onednn
