// Sorting: keys and places go through a radix sort, byte by byte; short lines through a comparison sort.
#include "gradus/kernels/sort.h"

#include <algorithm>
#include <cstring>

#include "gradus/kernels/lines.h"
#include "gradus/kernels/sort_key.h"

namespace gradus {
namespace {

constexpr int64_t kShort = 64;

bool before(uint64_t a, uint64_t b) { return a < b; }
bool before(const WideEntry& a, const WideEntry& b) { return a.key < b.key || (a.key == b.key && a.place < b.place); }

// Entries arrive in the order of their places, and every pass keeps the order of equal digits.
template <class E>
E* radix_sort(E* from, E* to, int64_t n, int key_bytes) {
  int64_t count[8][256];
  std::memset(count, 0, sizeof(count[0]) * static_cast<size_t>(key_bytes));
  for (int64_t i = 0; i < n; ++i) {
    auto key = key_of(from[i]);
    for (int b = 0; b < key_bytes; ++b, key >>= 8) ++count[b][key & 255];
  }
  for (int b = 0; b < key_bytes; ++b) {
    if (count[b][(key_of(from[0]) >> (8 * b)) & 255] == n) continue;  // all digits are equal
    int64_t start = 0;
    for (int64_t& c : count[b]) {
      const int64_t here = c;
      c = start;
      start += here;
    }
    for (int64_t i = 0; i < n; ++i) to[count[b][(key_of(from[i]) >> (8 * b)) & 255]++] = from[i];
    std::swap(from, to);
  }
  return from;
}

template <class E>
E* sort_any(E* entries, E* other, int64_t n, int key_bytes) {
  if (n >= kShort) return radix_sort(entries, other, n, key_bytes);
  std::sort(entries, entries + n, [](const E& a, const E& b) { return before(a, b); });
  return entries;
}

template <class T>
void sort_line(const T* in, int64_t in_step, int64_t n, bool descending, SortEntry<T>* entries, SortEntry<T>* other,
               T* values, int64_t value_step, int64_t* indices, int64_t index_step) {
  using U = SortKey<T>;
  const U flip = descending ? ~U(0) >> (8 * (sizeof(U) - sizeof(T))) : U(0);
  for (int64_t i = 0; i < n; ++i) entries[i] = make_entry(static_cast<U>(sort_key(in[i * in_step]) ^ flip), i);
  const SortEntry<T>* sorted = sort_entries(entries, other, n, kKeyBytes<T>);
  for (int64_t i = 0; i < n; ++i) {
    const int64_t place = place_of(sorted[i]);
    values[i * value_step] = in[place * in_step];
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

uint64_t* sort_entries(uint64_t* entries, uint64_t* other, int64_t n, int key_bytes) {
  return sort_any(entries, other, n, key_bytes);
}
WideEntry* sort_entries(WideEntry* entries, WideEntry* other, int64_t n, int key_bytes) {
  return sort_any(entries, other, n, key_bytes);
}

void sort_lines(const Array& in, int dim, bool descending, const Array& values, const Array& indices) {
  const int64_t n = line_size(in, dim);
  if (in.numel() == 0) return;
  dispatch(in.dtype, [&]<class T>() {
    auto entries = scratch<SortEntry<T>>(n), other = scratch<SortEntry<T>>(n);
    for_each_line<3>(in, dim, {&in, &values, &indices}, [&](const int64_t* at) {
      sort_line(in.as<T>() + at[0], line_stride(in, dim), n, descending, entries.get(), other.get(),
                values.as<T>() + at[1], line_stride(values, dim), indices.as<int64_t>() + at[2],
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
