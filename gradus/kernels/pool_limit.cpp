// Reads the environment, the processor affinity and the control group's quota.
#include "gradus/kernels/pool_limit.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif

namespace gradus {
namespace {

/// A positive number from the environment ("4", "4,2" for nested loops), or 0.
int from_environment(const char* name) {
  const char* text = std::getenv(name);
  if (!text) return 0;
  char* end;
  const long n = std::strtol(text, &end, 10);
  return end != text && (*end == 0 || *end == ',') && n > 0 && n <= 1 << 16 ? static_cast<int>(n) : 0;
}

#if defined(__linux__)
bool read_file(const char* path, char* text, size_t size) {
  std::FILE* f = std::fopen(path, "re");
  if (!f) return false;
  const size_t n = std::fread(text, 1, size - 1, f);
  text[n] = 0;
  std::fclose(f);
  return n > 0;
}

/// Processors that a group's quota pays for; infinite without one.
double quota_of(const char* root, const char* group) {
  char path[640], text[128], period_text[128];
  double quota, period;
  std::snprintf(path, sizeof path, "%s%s/cpu.max", root, group);
  if (read_file(path, text, sizeof text))
    return std::sscanf(text, "%lf %lf", &quota, &period) == 2 && quota > 0 && period > 0 ? quota / period : HUGE_VAL;
  std::snprintf(path, sizeof path, "%s%s/cpu.cfs_quota_us", root, group);
  if (!read_file(path, text, sizeof text)) return HUGE_VAL;
  std::snprintf(path, sizeof path, "%s%s/cpu.cfs_period_us", root, group);
  if (!read_file(path, period_text, sizeof period_text)) return HUGE_VAL;
  quota = std::atof(text);
  period = std::atof(period_text);
  return quota > 0 && period > 0 ? quota / period : HUGE_VAL;
}

/// The tightest quota of the group and of all that contain it.
double quota_above(const char* root, char* group) {
  double least = quota_of(root, "");
  while (char* slash = std::strrchr(group, '/')) {
    least = std::min(least, quota_of(root, group));
    *slash = 0;
  }
  return least;
}

double quota() {
  double least = HUGE_VAL;
  std::FILE* f = std::fopen("/proc/self/cgroup", "re");
  if (!f) return least;
  char line[512];
  while (std::fgets(line, sizeof line, f)) {  // number:controllers:group
    line[std::strcspn(line, "\n")] = 0;
    char* controllers = std::strchr(line, ':');
    char* group = controllers ? std::strchr(controllers + 1, ':') : nullptr;
    if (!group) continue;
    *group++ = 0;
    ++controllers;
    if (*controllers == 0) least = std::min(least, quota_above("/sys/fs/cgroup", group));
    else if (std::strcmp(controllers, "cpu") == 0 || std::strstr(controllers, "cpu,"))
      least = std::min(least, quota_above("/sys/fs/cgroup/cpu", group));
  }
  std::fclose(f);
  return least;
}

int processors() {
  cpu_set_t set;
  const bool known = sched_getaffinity(0, sizeof set, &set) == 0;
  const int n = known ? CPU_COUNT(&set) : static_cast<int>(std::thread::hardware_concurrency());
  return static_cast<int>(std::min<double>(n, std::ceil(quota())));
}
#else
int processors() { return static_cast<int>(std::thread::hardware_concurrency()); }
#endif

}  // namespace

int default_threads() noexcept {
  if (const int n = from_environment("GRADUS_NUM_THREADS")) return n;
  const int n = std::max(1, processors()), omp = from_environment("OMP_NUM_THREADS");
  return omp ? std::min(n, omp) : n;
}

}  // namespace gradus
