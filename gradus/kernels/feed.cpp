// Blocks of short rows: gathered into one run, and back.
#include "gradus/kernels/feed.h"

namespace gradus {
namespace {

template <class T>
void widen(void* to, const void* column, int64_t rows, int64_t n) {
  T* d = static_cast<T*>(to);
  const T* c = static_cast<const T*>(column);
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t j = 0; j < n; ++j) d[r * n + j] = c[r];
}

// Copies the first `row` bytes behind themselves until there are `rows` of them.
void repeat(char* buffer, int64_t row, int64_t rows) {
  for (int64_t done = 1; done < rows;) {
    const int64_t more = done < rows - done ? done : rows - done;
    __builtin_memcpy(buffer + done * row, buffer, static_cast<size_t>(more * row));
    done += more;
  }
}

}  // namespace

void widen_rows(void* to, const void* column, int64_t bytes, int64_t rows, int64_t n) {
  switch (bytes) {
    case 1: return widen<uint8_t>(to, column, rows, n);
    case 2: return widen<uint16_t>(to, column, rows, n);
    case 4: return widen<uint32_t>(to, column, rows, n);
    default: return widen<uint64_t>(to, column, rows, n);
  }
}

void load_chosen(const Feed& f, void* to, const char* src, int64_t n) {
  const ChosenRows& c = f.chosen;
  char* at = static_cast<char*>(to);
  int64_t element = (src - c.table) / f.bytes;
  while (n > 0) {
    const int64_t row = element / c.length, inside = element % c.length, left = c.length - inside;
    const int64_t len = f.stride == 1 ? (n < left ? n : left) : 1, index = c.index[row];
    f.convert(at, 1, c.table + ((index < 0 ? index + c.rows : index) * c.step + inside) * f.bytes, 1, len);
    at += len * f.tile_bytes;
    element += len * f.stride;
    n -= len;
  }
}

const void* load_block(Feed& f, char* src, int64_t rows, int64_t n, char* column) {
  if (f.chosen.index) {
    for (int64_t r = 0; r < rows; ++r) load_chosen(f, f.buffer + r * n * f.tile_bytes, src + r * f.row * f.bytes, n);
    return f.buffer;
  }
  const bool even = f.row == f.stride * n;
  if (f.direct && even) return src;
  if (f.held == src && f.held_rows >= rows) return f.buffer;
  if (even) {
    f.convert(f.buffer, 1, src, f.stride, rows * n);
  } else if (f.row == 0) {
    f.convert(f.buffer, 1, src, f.stride, n);
    repeat(f.buffer, n * f.tile_bytes, rows);
  } else if (f.stride == 0) {
    f.convert(column, 1, src, f.row, rows);
    widen_rows(f.buffer, column, f.tile_bytes, rows, n);
  } else {
    for (int64_t r = 0; r < rows; ++r)
      f.convert(f.buffer + r * n * f.tile_bytes, 1, src + r * f.row * f.bytes, f.stride, n);
  }
  if (f.row == 0) {
    f.held = src;
    f.held_rows = rows;
  }
  return f.buffer;
}

void store_block(const Feed& f, char* dst, const void* from, int64_t rows, int64_t n) {
  if (f.row == f.stride * n) return f.convert(dst, f.stride, from, 1, rows * n);
  for (int64_t r = 0; r < rows; ++r)
    f.convert(dst + r * f.row * f.bytes, f.stride, static_cast<const char*>(from) + r * n * f.tile_bytes, 1, n);
}

}  // namespace gradus
