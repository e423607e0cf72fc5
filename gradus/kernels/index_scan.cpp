// Scans that indexing needs first: where a mask is set, and whether every index is in bounds.
#include <cstring>

#include "gradus/core/format.h"
#include "gradus/kernels/index.h"
#include "gradus/kernels/index_table.h"
#include "gradus/kernels/reduce_table.h"
#include "gradus/kernels/strided_loop.h"

namespace gradus {
namespace {

constexpr int64_t kBlock = 1024;  // 128 words of eight flags: byte counters cannot overflow

// Calls f(flags, n, offset, done) with bytes 0 or 1 for the next n elements of a run; padded with zeros to eight.
template <class F>
void for_each_block(const Array& in, F&& f) {
  const StridedLoop<1> loop(in.ndim, in.sizes, {in.strides});
  const auto nonzero = reductions().nonzero[static_cast<int>(in.dtype)];
  alignas(64) uint8_t flags[kBlock + 8];
  int64_t done = 0;
  loop.for_each_run([&](const int64_t* at) {
    for (int64_t k = 0; k < loop.run(); k += kBlock) {
      const int64_t n = loop.run() - k < kBlock ? loop.run() - k : kBlock;
      nonzero(flags, in.as<char>() + (at[0] + k * loop.stride(0)) * item_size(in.dtype), 1, 0, n, loop.stride(0));
      std::memset(flags + n, 0, 8);
      f(static_cast<const uint8_t*>(flags), n, done);
      done += n;
    }
  });
}

uint64_t word_at(const uint8_t* p) {
  uint64_t w;
  std::memcpy(&w, p, 8);
  return w;
}

// Adds the byte counters of a word.
int64_t sum_bytes(uint64_t w) {
  const uint64_t pairs = (w & 0x00ff00ff00ff00ffu) + ((w >> 8) & 0x00ff00ff00ff00ffu);
  return static_cast<int64_t>((pairs * 0x0001000100010001u) >> 48);
}

}  // namespace

int64_t count_nonzero(const Array& in) {
  int64_t count = 0;
  for_each_block(in, [&](const uint8_t* flags, int64_t n, int64_t) {
    uint64_t counters = 0;
    for (int64_t i = 0; i < n; i += 8) counters += word_at(flags + i);
    count += sum_bytes(counters);
  });
  return count;
}

void nonzero(const Array& in, int64_t* out, int64_t row_step, int64_t dim_step) {
  if (in.ndim == 0) return;
  int64_t start[64] = {};  // coordinates of element `done`
  const int last = in.ndim - 1;
  const int64_t width = in.sizes[last];
  for_each_block(in, [&](const uint8_t* flags, int64_t n, int64_t) {
    int64_t row = 0;  // position in the block of column 0 of the current row; may be negative
    row -= start[last];
    const auto seek = [&](int64_t i) {  // moves `start` to the row that holds position i
      for (int64_t rows = (i - row) / width; rows > 0;) {
        row += rows * width;
        for (int d = last - 1; d >= 0 && rows > 0; --d) {
          const int64_t next = start[d] + rows;
          start[d] = next % in.sizes[d];
          rows = next / in.sizes[d];
        }
        rows = 0;
      }
    };
    for (int64_t i = 0; i < n; i += 8) {
      for (uint64_t w = word_at(flags + i); w != 0; w &= w - 1) {
        const int64_t at = i + (__builtin_ctzll(w) >> 3);
        if (at - row >= width) seek(at);
        for (int d = 0; d < last; ++d) out[d * dim_step] = start[d];
        out[last * dim_step] = at - row;
        out += row_step;
      }
    }
    if (n - row >= width) seek(n);
    start[last] = n - row;
  });
}

bool find_outside(const Array& index, int64_t low, int64_t high, int64_t& value) {
  const StridedLoop<1> loop(index.ndim, index.sizes, {index.strides});
  const auto any_outside = GRADUS_PICK(index_table).any_outside;
  const uint64_t extent = static_cast<uint64_t>(high) - static_cast<uint64_t>(low);
  bool found = false;
  loop.for_each_run([&](const int64_t* at) {
    const int64_t* x = index.as<int64_t>() + at[0];
    if (found || !any_outside(x, loop.run(), loop.stride(0), low, extent)) return;
    found = true;
    for (;; x += loop.stride(0))
      if (*x < low || *x >= high) break;
    value = *x;
  });
  return found;
}

void check_index_bounds(const Array& index, int64_t size, int dim) {
  int64_t bad;
  if (find_outside(index, -size, size, bad)) [[unlikely]]
    raise(ErrorKind::Index, str("index ", bad, " is out of bounds for dimension ", dim, " with size ", size));
}

void check_gather_bounds(const Array& index, int64_t size, int dim) {
  int64_t bad;
  if (find_outside(index, 0, size, bad)) [[unlikely]]
    raise(ErrorKind::Runtime, str("index ", bad, " is out of bounds for dimension ", dim, " with size ", size));
}

void check_row_bounds(const Array& index, int64_t size) {
  int64_t bad;
  if (find_outside(index, 0, size, bad)) [[unlikely]]
    raise(ErrorKind::Index, "index out of range in self");
}

void check_targets(const Array& target, int64_t classes, int64_t ignore_index) {
  const StridedLoop<1> loop(target.ndim, target.sizes, {target.strides});
  loop.for_each_run([&](const int64_t* at) {
    for (int64_t k = 0; k < loop.run(); ++k) {
      const int64_t t = target.as<int64_t>()[at[0] + k * loop.stride(0)];
      if ((t < 0 || t >= classes) && t != ignore_index) [[unlikely]]
        raise(ErrorKind::Index, str("Target ", t, " is out of bounds."));
    }
  });
}

}  // namespace gradus
