// Slabs of huge pages.
#include "gradus/core/pages.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>

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

// From the first hole that is large enough; null if none is.
char* Pages::Slab::cut(int64_t bytes) {
  const auto hole =
      std::find_if(holes.begin(), holes.end(), [bytes](const Hole& h) { return h.end - h.begin >= bytes; });
  if (hole == holes.end()) return nullptr;
  char* block = begin + hole->begin;
  hole->begin += bytes;
  if (hole->begin == hole->end) holes.erase(hole);
  return block;
}

// There is room: two holes have a block between them.
void Pages::Slab::join(Hole freed) noexcept {
  auto next =
      std::lower_bound(holes.begin(), holes.end(), freed.begin, [](const Hole& h, int64_t at) { return h.begin < at; });
  if (next != holes.end() && next->begin == freed.end) {
    freed.end = next->end;
    next = holes.erase(next);
  }
  if (next != holes.begin() && std::prev(next)->end == freed.begin) std::prev(next)->end = freed.end;
  else holes.insert(next, freed);
}

bool Pages::Slab::empty() const { return holes.size() == 1 && holes[0].begin == 0 && holes[0].end == kSlab; }

void* Pages::get(int64_t bytes) {
  if (bytes < kLeast || bytes > kMost) return from_system(bytes, bytes < kHuge ? kLine : kHuge);
  const int64_t size = up(bytes, kLine);
  for (size_t i = slabs_.size(); i-- > 0;)
    if (char* block = slabs_[i].cut(size)) return block;
  Slab fresh{nullptr, {}};
  fresh.holes.reserve(kSlab / kLeast / 2 + 2);
  fresh.holes.push_back({0, kSlab});
  slabs_.reserve(slabs_.size() + 1);
  fresh.begin = static_cast<char*>(from_system(kSlab, kHuge));
  if (!fresh.begin) return from_system(bytes, kLine);
  slabs_.push_back(static_cast<Slab&&>(fresh));
  return slabs_.back().cut(size);
}

void Pages::put(void* block, int64_t bytes) {
  char* p = static_cast<char*>(block);
  for (size_t i = slabs_.size(); i-- > 0;) {
    Slab& s = slabs_[i];
    if (p < s.begin || p >= s.begin + kSlab) continue;
    const int64_t from = p - s.begin;
    s.join({from, from + up(bytes, kLine)});
    if (!s.empty()) return;
    std::free(s.begin);
    slabs_.erase(slabs_.begin() + static_cast<std::ptrdiff_t>(i));
    return;
  }
  std::free(block);
}

}  // namespace gradus
