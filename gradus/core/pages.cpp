// Slabs of huge pages.
#include "gradus/core/pages.h"

#include <cstdlib>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace gradus {
namespace {

constexpr int64_t kLine = 64, kHuge = 2 << 20, kSlab = 16 << 20;

int64_t up(int64_t bytes, int64_t unit) { return (bytes + unit - 1) / unit * unit; }

void* from_system(int64_t bytes, int64_t alignment) {
  void* p = std::aligned_alloc(static_cast<size_t>(alignment), static_cast<size_t>(up(bytes, alignment)));
#if defined(__linux__)
  if (p && alignment == kHuge) madvise(p, static_cast<size_t>(up(bytes, alignment)), MADV_HUGEPAGE);  // only a wish
#endif
  return p;
}

}  // namespace

void* Pages::get(int64_t bytes) {
  if (bytes < kLeast || bytes > kMost) return from_system(bytes, bytes < kHuge ? kLine : kHuge);
  const int64_t size = up(bytes, kLine);
  if (slabs_.empty() || kSlab - slabs_.back().cut < size) {
    slabs_.reserve(slabs_.size() + 1);
    char* begin = static_cast<char*>(from_system(kSlab, kHuge));
    if (!begin) return from_system(bytes, kLine);
    slabs_.push_back({begin, 0, 0});
  }
  Slab& s = slabs_.back();
  char* block = s.begin + s.cut;
  s.cut += size;
  s.used += size;
  return block;
}

void Pages::put(void* block, int64_t bytes) {
  char* p = static_cast<char*>(block);
  for (size_t i = slabs_.size(); i-- > 0;) {
    Slab& s = slabs_[i];
    if (p < s.begin || p >= s.begin + kSlab) continue;
    s.used -= up(bytes, kLine);
    if (s.used) return;
    std::free(s.begin);
    slabs_.erase(slabs_.begin() + static_cast<std::ptrdiff_t>(i));
    return;
  }
  std::free(block);
}

}  // namespace gradus
