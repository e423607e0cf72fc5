// Sorting: keys and places go through a radix sort, byte by byte; few of them through a comparison sort.
#include "gradus/kernels/sort.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "gradus/kernels/lines.h"
#include "gradus/kernels/sort_key.h"

namespace gradus {
namespace {

constexpr double kSortElement = 8;  // nanoseconds, roughly
constexpr int64_t kShort = 64;
constexpr int64_t kInCache = int64_t{1} << 19;  // bytes of entries that passes go over again and again

bool before(uint64_t a, uint64_t b) { return a < b; }
bool before(const WideEntry& a, const WideEntry& b) { return a.key < b.key || (a.key == b.key && a.place < b.place); }

template <class E>
using KeyOf = decltype(key_of(E()));

// The smallest key and the bits in which keys differ from it: [low, low + 2^bits) holds them all.
template <class E>
struct KeyRange {
  KeyOf<E> low;
  int bits;
  KeyRange(const E* x, int64_t n) {
    KeyOf<E> high = low = key_of(x[0]);
    for (int64_t i = 1; i < n; ++i) {
      low = std::min(low, key_of(x[i]));
      high = std::max(high, key_of(x[i]));
    }
    bits = std::bit_width(static_cast<KeyOf<E>>(high - low));
  }
};

// Counts become the places where each digit starts.
void start_places(int64_t (&count)[256]) {
  int64_t start = 0;
  for (int64_t& c : count) start += std::exchange(c, start);
}

// Byte by byte from the last. Entries arrive in the order of their places, and every pass keeps the order of equal
// digits. Returns which of the two holds the result.
template <class E>
E* sort_by_bytes(E* from, E* to, int64_t n, const KeyRange<E>& range) {
  const int passes = (range.bits + 7) / 8;
  int64_t count[8][256];
  std::memset(count, 0, sizeof(count[0]) * static_cast<size_t>(passes));
  for (int64_t i = 0; i < n; ++i) {
    auto key = key_of(from[i]) - range.low;
    for (int b = 0; b < passes; ++b, key >>= 8) ++count[b][key & 255];
  }
  for (int b = 0; b < passes; ++b) {
    start_places(count[b]);
    for (int64_t i = 0; i < n; ++i) to[count[b][((key_of(from[i]) - range.low) >> (8 * b)) & 255]++] = from[i];
    std::swap(from, to);
  }
  return from;
}

template <class E>
E* sort_any(E* from, E* to, int64_t n) {
  const auto compare = [&] {
    std::sort(from, from + n, [](const E& a, const E& b) { return before(a, b); });
    return from;
  };
  if (n < kShort) return compare();
  const KeyRange<E> range(from, n);
  if (range.bits == 0) return from;
  if (n < 2 * range.bits) return compare();
  if (range.bits <= 16 || n * static_cast<int64_t>(sizeof(E)) <= kInCache) return sort_by_bytes(from, to, n, range);
  // The leading byte first: what falls together then fits the cache.
  const int shift = range.bits - 8;
  int64_t count[256] = {};
  for (int64_t i = 0; i < n; ++i) ++count[(key_of(from[i]) - range.low) >> shift];
  start_places(count);
  for (int64_t i = 0; i < n; ++i) to[count[(key_of(from[i]) - range.low) >> shift]++] = from[i];
  int64_t start = 0;
  for (const int64_t end : count) {
    if (end == start) continue;
    const E* sorted = sort_any(to + start, from + start, end - start);
    if (sorted != to + start) std::copy(sorted, sorted + (end - start), to + start);
    start = end;
  }
  return to;
}

// The element behind a sorted entry: its key, unless several elements have that key.
template <class T>
T element_of(SortKey<T> key, const T* in, int64_t at) {
  if constexpr (!std::is_integral_v<T>) {
    constexpr SortKey<T> zero = SortKey<T>(1) << (8 * sizeof(T) - 1);
    constexpr SortKey<T> nan = ~SortKey<T>(0) >> (8 * (sizeof(SortKey<T>) - sizeof(T)));
    if (key == zero || key == nan) return in[at];
  }
  return from_key<T>(key);
}

template <class T>
void sort_line(const T* in, int64_t in_step, int64_t n, bool descending, SortEntry<T>* entries, SortEntry<T>* other,
               T* values, int64_t value_step, int64_t* indices, int64_t index_step) {
  using U = SortKey<T>;
  const U flip = descending ? ~U(0) >> (8 * (sizeof(U) - sizeof(T))) : U(0);
  for (int64_t i = 0; i < n; ++i) entries[i] = make_entry(static_cast<U>(sort_key(in[i * in_step]) ^ flip), i);
  const SortEntry<T>* sorted = sort_entries(entries, other, n);
  for (int64_t i = 0; i < n; ++i) {
    const int64_t place = place_of(sorted[i]);
    values[i * value_step] = element_of(static_cast<U>(key_of(sorted[i]) ^ flip), in, place * in_step);
    indices[i * index_step] = place;
  }
}

// Rows as sequences of keys.
template <class T>
void order_rows(const T* x, int64_t n, int64_t m, int64_t* order) {
  for (int64_t i = 0; i < n; ++i) order[i] = i;
  std::stable_sort(order, order + n, [=](int64_t a, int64_t b) {
    for (int64_t k = 0; k < m; ++k) {
      const auto p = sort_key(x[a * m + k]), q = sort_key(x[b * m + k]);
      if (p != q) return p < q;
    }
    return false;
  });
}

template <class T>
bool differs(const T* a, const T* b, int64_t m) {
  for (int64_t k = 0; k < m; ++k) {
    if constexpr (std::is_floating_point_v<T> || std::is_integral_v<T>) {
      if (a[k] != b[k]) return true;
    } else {
      if (static_cast<float>(a[k]) != static_cast<float>(b[k])) return true;
    }
  }
  return false;
}

}  // namespace

uint64_t* sort_entries(uint64_t* entries, uint64_t* other, int64_t n) { return sort_any(entries, other, n); }
WideEntry* sort_entries(WideEntry* entries, WideEntry* other, int64_t n) { return sort_any(entries, other, n); }

void sort_lines(const Array& in, int dim, bool descending, const Array& values, const Array& indices) {
  const int64_t n = line_size(in, dim);
  if (in.numel() == 0) return;
  dispatch(in.dtype, [&]<class T>() {
    const LineParts parts(in, dim, kSortElement * static_cast<double>(n));
    auto entries = scratch<SortEntry<T>>(parts.count() * n), other = scratch<SortEntry<T>>(parts.count() * n);
    parts.for_each<3>({&in, &values, &indices}, [&](int64_t part, const int64_t* at) {
      sort_line(in.as<T>() + at[0], line_stride(in, dim), n, descending, entries.get() + part * n,
                other.get() + part * n, values.as<T>() + at[1], line_stride(values, dim), indices.as<int64_t>() + at[2],
                line_stride(indices, dim));
    });
  });
}

void sort_rows(const Array& in, int64_t* order) {
  const int64_t n = in.sizes[0], m = n ? in.numel() / n : 0;
  dispatch(in.dtype, [&]<class T>() { order_rows(in.as<T>(), n, m, order); });
}

int64_t count_runs(const Array& in) {
  const int64_t n = in.sizes[0], m = n ? in.numel() / n : 0;
  int64_t runs = n > 0;
  dispatch(in.dtype, [&]<class T>() {
    const T* x = in.as<T>();
    if (m == 1) {
      for (int64_t i = 1; i < n; ++i) runs += x[i] != x[i - 1];
      return;
    }
    for (int64_t i = 1; i < n; ++i) runs += differs(x + (i - 1) * m, x + i * m, m);
  });
  return runs;
}

void fill_runs(const Array& in, const int64_t* order, int64_t* first, int64_t* inverse, int64_t* counts) {
  const int64_t n = in.sizes[0], m = n ? in.numel() / n : 0;
  dispatch(in.dtype, [&]<class T>() {
    const T* x = in.as<T>();
    if (m == 1 && n > 0 && !inverse && !counts) {
      int64_t runs = 1;
      first[0] = 0;
      for (int64_t i = 1; i < n; ++i)
        if (x[i] != x[i - 1]) first[runs++] = i;
      return;
    }
    int64_t run = -1, start = 0;
    for (int64_t i = 0; i < n; ++i) {
      if (i == 0 || differs(x + (i - 1) * m, x + i * m, m)) {
        if (counts && i) counts[run] = i - start;
        if (first) first[run + 1] = i;
        ++run;
        start = i;
      }
      if (inverse) inverse[order ? order[i] : i] = run;
    }
    if (counts && n) counts[run] = n - start;
  });
}

}  // namespace gradus
