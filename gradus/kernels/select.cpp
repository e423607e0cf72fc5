// Selection: the largest few, the k-th, medians and modes. Where equal elements leave a choice, it is that of the
// algorithms named in sort.h, run over keys alone.
#include <algorithm>
#include <bit>
#include <limits>

#include "gradus/kernels/lines.h"
#include "gradus/kernels/sort.h"
#include "gradus/kernels/sort_key.h"

namespace gradus {
namespace {

// Equal keys in the order of their places.
bool before(uint64_t a, uint64_t b) { return a < b; }
bool before(const WideEntry& a, const WideEntry& b) { return a.key < b.key || (a.key == b.key && a.place < b.place); }

template <class E>
bool less_key(const E& a, const E& b) {
  return key_of(a) < key_of(b);
}

template <class T>
constexpr SortKey<T> kHighest = ~SortKey<T>(0) >> (8 * (sizeof(SortKey<T>) - sizeof(T)));

// The largest key is also that of the largest integer.
template <class T>
constexpr bool kHasNan = !std::is_integral_v<T>;

// ---- the largest few

// A heap with the worst of the k on top; whole blocks that cannot improve it are passed over.
template <class T>
void heap_top(const T* in, int64_t step, int64_t n, int64_t k, SortKey<T> flip, SortEntry<T>* heap) {
  using U = SortKey<T>;
  using E = SortEntry<T>;
  constexpr int64_t block = 128;
  for (int64_t i = 0; i < k; ++i) heap[i] = make_entry(static_cast<U>(sort_key(in[i * step]) ^ flip), i);
  std::make_heap(heap, heap + k, less_key<E>);
  U keys[block];
  for (int64_t i = k; i < n; i += block) {
    const int64_t m = std::min(block, n - i);
    const U worst = key_of(heap[0]);
    const T* from = in + i * step;
    U any = 0;
    if (step == 1) {
      for (int64_t j = 0; j < m; ++j) keys[j] = static_cast<U>(sort_key(from[j]) ^ flip);
    } else {
      for (int64_t j = 0; j < m; ++j) keys[j] = static_cast<U>(sort_key(from[j * step]) ^ flip);
    }
    for (int64_t j = 0; j < m; ++j) any |= static_cast<U>(keys[j] < worst);
    if (!any) continue;
    for (int64_t j = 0; j < m; ++j) {
      if (!(keys[j] < key_of(heap[0]))) continue;
      heap[k] = make_entry(keys[j], i + j);
      std::pop_heap(heap, heap + k + 1, less_key<E>);
    }
  }
  std::sort_heap(heap, heap + k, less_key<E>);
}

template <class T>
void top_line(const T* in, int64_t step, int64_t n, int64_t k, bool largest, bool sorted, SortEntry<T>* entries) {
  using U = SortKey<T>;
  using E = SortEntry<T>;
  const U flip = largest ? kHighest<T> : U(0);
  if (k <= n / 64) return heap_top(in, step, n, k, flip, entries);
  for (int64_t i = 0; i < n; ++i) entries[i] = make_entry(static_cast<U>(sort_key(in[i * step]) ^ flip), i);
  std::nth_element(entries, entries + k - 1, entries + n, less_key<E>);
  if (sorted) std::sort(entries, entries + k - 1, less_key<E>);
}

// ---- the k-th

// Hoare's quickselect; the pivot is the median of the first, middle and last.
template <class E>
void quickselect(E* x, int64_t n, int64_t k) {
  int64_t low = 0, high = n - 1;
  const auto order = [x](int64_t a, int64_t b) {
    if (key_of(x[a]) > key_of(x[b])) std::swap(x[a], x[b]);
  };
  while (high > low + 1) {
    std::swap(x[low + (high - low) / 2], x[low + 1]);
    order(low + 1, high);
    order(low, high);
    order(low + 1, low);
    const auto pivot = key_of(x[low]);
    int64_t i = low + 1, j = high;
    for (;;) {
      do ++i;
      while (pivot > key_of(x[i]));
      do --j;
      while (key_of(x[j]) > pivot);
      if (j < i) break;
      std::swap(x[i], x[j]);
    }
    std::swap(x[low], x[j]);
    if (j <= k) low = i;
    if (j >= k) high = j - 1;
  }
  if (high == low + 1) order(low, high);
}

template <class T>
void encode(const T* in, int64_t step, int64_t n, SortEntry<T>* entries) {
  for (int64_t i = 0; i < n; ++i) entries[i] = make_entry(sort_key(in[i * step]), i);
}

template <class T>
int64_t median_place(const T* in, int64_t step, int64_t n, bool ignore_nan, SortEntry<T>* entries) {
  using E = SortEntry<T>;
  encode(in, step, n, entries);
  int64_t nans = 0;
  if constexpr (kHasNan<T>) {
    for (int64_t i = 0; i < n; ++i) {
      if (key_of(entries[i]) != kHighest<T>) continue;
      if (!ignore_nan) return i;
      ++nans;
    }
  }
  E* nth = entries + (n - nans - 1) / 2;
  std::nth_element(entries, nth, entries + n, [](const E& a, const E& b) { return before(a, b); });
  return place_of(*nth);
}

// ---- of all elements

// The key of rank k: histograms of the 11 bits in which the keys differ first leave few to partition.
template <class U>
U select_key(U* keys, int64_t n, int64_t k) {
  constexpr int64_t kLong = 4096;
  while (n >= kLong) {
    U low = keys[0], high = keys[0];
    for (int64_t i = 1; i < n; ++i) {
      low = std::min(low, keys[i]);
      high = std::max(high, keys[i]);
    }
    const int bits = std::bit_width(static_cast<U>(high - low)), shift = bits > 11 ? bits - 11 : 0;
    int64_t count[2][2048] = {};  // two, for neighbours that fall into the same bucket
    for (int64_t i = 0; i < n; ++i) ++count[i & 1][(keys[i] - low) >> shift];
    U bucket = 0;
    for (; k >= count[0][bucket] + count[1][bucket]; ++bucket) k -= count[0][bucket] + count[1][bucket];
    if (shift == 0) return low + bucket;
    int64_t m = 0;
    for (int64_t i = 0; i < n; ++i) {
      const U key = keys[i];
      keys[m] = key;
      m += ((key - low) >> shift) == bucket;
    }
    n = m;
  }
  std::nth_element(keys, keys + k, keys + n);
  return keys[k];
}

// The place of the element of rank k if its key is that of no other element, else -1: then the place depends on the
// algorithm. Short lines, and those with few values, are not worth the attempt.
template <class T>
int64_t lone_place(const T* in, int64_t step, int64_t n, int64_t k, SortKey<T>* keys) {
  using U = SortKey<T>;
  constexpr int64_t kLong = 4096;
  if (n < kLong) return -1;
  U low = ~U(0), high = 0;
  for (int64_t i = 0; i < n; ++i) {
    const U key = keys[i] = sort_key(in[i * step]);
    low = std::min(low, key);
    high = std::max(high, key);
  }
  if (static_cast<uint64_t>(high - low) < 64 * static_cast<uint64_t>(n)) return -1;
  const U key = select_key(keys, n, k);
  int64_t place = -1, count = 0;
  for (int64_t i = 0; i < n; ++i) {
    const bool equal = sort_key(in[i * step]) == key;
    place = equal ? i : place;
    count += equal;
  }
  return count == 1 ? place : -1;
}

// ---- the most frequent

template <class T>
int64_t mode_place(const T* in, int64_t step, int64_t n, SortEntry<T>* entries) {
  using E = SortEntry<T>;
  encode(in, step, n, entries);
  std::sort(entries, entries + n, less_key<E>);
  int64_t best = 0, most = 0, run = 0;
  for (int64_t i = 0; i < n; ++i) {
    ++run;
    bool ends = i == n - 1 || key_of(entries[i]) != key_of(entries[i + 1]);
    if constexpr (kHasNan<T>) ends = ends || key_of(entries[i]) == kHighest<T>;  // NaN is never equal
    if (!ends) continue;
    if (run > most) {
      most = run;
      best = place_of(entries[i]);
    }
    run = 0;
  }
  return best;
}

constexpr double kElement = 4;  // nanoseconds of an element of a line, roughly

// Calls f(line, step, n entries of scratch memory) -> place for every line and stores what is there.
template <class T, class F>
void pick_lines(const Array& in, int dim, const Array& values, const Array& indices, const F& f) {
  const int64_t n = line_size(in, dim), step = line_stride(in, dim);
  const LineParts parts(in, dim, kElement * static_cast<double>(n));
  auto entries = scratch<SortEntry<T>>(parts.count() * n);
  parts.for_each<3>({&in, &values, &indices}, [&](int64_t part, const int64_t* at) {
    const T* line = in.as<T>() + at[0];
    const int64_t place = f(line, step, entries.get() + part * n);
    values.as<T>()[at[1]] = line[place * step];
    indices.as<int64_t>()[at[2]] = place;
  });
}

}  // namespace

void top_lines(const Array& in, int dim, int64_t k, bool largest, bool sorted, const Array& values,
               const Array& indices) {
  const int64_t n = line_size(in, dim);
  if (in.numel() == 0 || k == 0) return;
  dispatch(in.dtype, [&]<class T>() {
    const LineParts parts(in, dim, kElement * static_cast<double>(n));
    const int64_t size = k <= n / 64 ? k + 1 : n;
    auto all = scratch<SortEntry<T>>(parts.count() * size);
    parts.for_each<3>({&in, &values, &indices}, [&](int64_t part, const int64_t* at) {
      const T* line = in.as<T>() + at[0];
      const int64_t step = line_stride(in, dim);
      SortEntry<T>* entries = all.get() + part * size;
      top_line(line, step, n, k, largest, sorted, entries);
      for (int64_t i = 0; i < k; ++i) {
        const int64_t place = place_of(entries[i]);
        values.as<T>()[at[1] + i * line_stride(values, dim)] = line[place * step];
        indices.as<int64_t>()[at[2] + i * line_stride(indices, dim)] = place;
      }
    });
  });
}

void kth_lines(const Array& in, int dim, int64_t k, const Array& values, const Array& indices) {
  const int64_t n = line_size(in, dim);
  if (in.numel() == 0) return;
  dispatch(in.dtype, [&]<class T>() {
    pick_lines<T>(in, dim, values, indices, [&](const T* line, int64_t step, SortEntry<T>* entries) {
      const int64_t place = lone_place(line, step, n, k - 1, reinterpret_cast<SortKey<T>*>(entries));
      if (place >= 0) return place;
      encode(line, step, n, entries);
      quickselect(entries, n, k - 1);
      return place_of(entries[k - 1]);
    });
  });
}

void median_lines(const Array& in, int dim, bool ignore_nan, const Array& values, const Array& indices) {
  const int64_t n = line_size(in, dim);
  if (in.numel() == 0) return;
  dispatch(in.dtype, [&]<class T>() {
    pick_lines<T>(in, dim, values, indices, [&](const T* line, int64_t step, SortEntry<T>* entries) {
      return median_place(line, step, n, ignore_nan, entries);
    });
  });
}

void median_all(const Array& in, bool ignore_nan, const Array& out) {
  dispatch(in.dtype, [&]<class T>() {
    using U = SortKey<T>;
    const int64_t total = in.numel();
    auto keys = scratch<U>(total);
    auto* to = out.as<T>();
    int64_t n = 0, nans = 0;
    // The last dim gives the lines; any order of the elements will do.
    const int dim = in.ndim - 1;
    if (total > 0)
      for_each_line<1>(in, dim, {&in}, [&](const int64_t* at) {
        const T* line = in.as<T>() + at[0];
        const int64_t step = line_stride(in, dim), m = line_size(in, dim);
        for (int64_t i = 0; i < m; ++i) keys[static_cast<size_t>(n + i)] = sort_key(line[i * step]);
        n += m;
      });
    if constexpr (kHasNan<T>) {
      for (int64_t i = 0; i < n; ++i) nans += keys[static_cast<size_t>(i)] == kHighest<T>;
      if (n == 0 || nans == n || (nans && !ignore_nan)) {
        *to = T(__builtin_nanf(""));
        return;
      }
    } else if (n == 0) {
      *to = sizeof(T) < 4 ? T(0) : std::numeric_limits<T>::min();  // what a NaN converts to
      return;
    }
    const U key = select_key(keys.get(), n, (n - nans - 1) / 2);
    *to = from_key<T>(key);
  });
}

void mode_lines(const Array& in, int dim, const Array& values, const Array& indices) {
  const int64_t n = line_size(in, dim);
  if (in.numel() == 0) return;
  dispatch(in.dtype, [&]<class T>() {
    pick_lines<T>(in, dim, values, indices, [&](const T* line, int64_t step, SortEntry<T>* entries) {
      return mode_place(line, step, n, entries);
    });
  });
}

}  // namespace gradus
