// Detects the instruction set once.
#include "gradus/kernels/target.h"

#include <cstdlib>
#include <cstring>

namespace gradus {
namespace {

Target detect() {
  Target best = Target::baseline;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) best = Target::avx2;
  if (best == Target::avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
    best = Target::avx512;
#endif
  if (const char* wish = std::getenv("GRADUS_TARGET")) {
    if (!std::strcmp(wish, "baseline")) best = Target::baseline;
    if (!std::strcmp(wish, "avx2") && best == Target::avx512) best = Target::avx2;
  }
  return best;
}

}  // namespace

Target target() {
  static const Target chosen = detect();
  return chosen;
}

const char* target_name() {
  constexpr const char* names[] = {"baseline", "avx2", "avx512"};
  return names[static_cast<int>(target())];
}

}  // namespace gradus
