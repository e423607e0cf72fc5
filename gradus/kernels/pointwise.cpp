// Feeds pointwise kernels: in place where memory is contiguous and of the compute type, else through tile buffers.
#include "gradus/kernels/pointwise.h"

#include <chrono>

#include "gradus/kernels/convert.h"
#include "gradus/kernels/nest_parts.h"

namespace gradus {
namespace {

constexpr int64_t kTile = 1024;
constexpr int kMaxIn = Nest::kMaxArrays - 1;

// How one array takes part in the innermost loop, or in blocks of several short rows.
struct Feed {
  bool direct = false, splat = false;
  int64_t stride = 0, row = 0, bytes = 0,
          tile_bytes = 0;  // row: stride to the next row; tile_bytes: of the buffer's type
  ConvertFn convert = nullptr;
  char* buffer = nullptr;
  const char* held = nullptr;  // what the buffer holds, if it can be used again
  int64_t held_rows = 0;
};

struct Buffers {
  alignas(64) char tile[kMaxIn + 1][kTile * 8];
  alignas(64) char column[kTile * 8];
};
Buffers& buffers() {
  static thread_local Buffers b;
  return b;
}

bool same_layout(const Array& a, const Array& b) {
  if (a.ndim != b.ndim) return false;
  for (int i = 0; i < a.ndim; ++i)
    if (a.sizes[i] != b.sizes[i] || (a.strides[i] != b.strides[i] && a.sizes[i] > 1)) return false;
  return true;
}
bool dense(const Array& a) {
  int64_t step = 1;
  for (int i = a.ndim - 1; i >= 0; --i) {
    if (a.sizes[i] != 1 && a.strides[i] != step) return false;
    step *= a.sizes[i];
  }
  return true;
}

// The tile over dense memory on all threads. A beginning is timed: some operators cost a hundred times as much as
// others.
void run_dense(const PointwiseInfo& info, char* out, const void* const* in, int n_in, int64_t n, int64_t out_bytes) {
  using Clock = std::chrono::steady_clock;
  constexpr int64_t kProbe = 4096, kStep = 1024;
  const int64_t bytes = item_size(info.compute);
  const auto run = [&](int64_t begin, int64_t end) {
    const void* from[kMaxIn + 4];
    for (int i = 0; i < n_in; ++i)
      from[i] = i < info.n_operands ? static_cast<const char*>(in[i]) + begin * bytes : in[i];
    info.tile(out + begin * out_bytes, from, end - begin);
  };
  if (n < 2 * kProbe || num_threads() == 1) return run(0, n);
  const auto start = Clock::now();
  run(0, kProbe);
  const std::chrono::duration<double, std::nano> spent = Clock::now() - start;
  const double cost = spent.count() / kProbe;
  const int64_t grain = (grain_for(cost) / kStep + 1) * kStep;
  parallel_for(
      n - kProbe, grain, [&](int64_t begin, int64_t end) { run(kProbe + begin, kProbe + end); },
      cost * static_cast<double>(n - kProbe));
}

// Everything is one element, or contiguous and of the compute type: no plan, no buffers.
bool run_directly(const Launch& l, const PointwiseInfo& info) {
  const Array& out = l.out[0];
  const DType result = info.bool_result ? DType::Bool : info.compute;
  if (out.dtype != result) return false;
  const int64_t n = out.numel();
  const void* in[kMaxIn + 4];
  if (n != 1 && !dense(out)) return false;
  for (int i = 0; i < l.n_in; ++i) {
    const bool param = i >= info.n_operands;
    if (!param && (l.in[i].dtype != info.compute || (n != 1 && !same_layout(out, l.in[i])))) return false;
    in[i] = l.in[i].data;
  }
  if (n == 1) info.tile(out.data, in, 1);
  else run_dense(info, out.as<char>(), in, l.n_in, n, item_size(result));
  return true;
}

void prepare(Feed& f, const Nest& nest, int k, DType dtype, DType wanted, bool is_output) {
  f.stride = nest.inner_stride(k);
  f.row = nest.ndim > 1 ? nest.stride[k][1] : 0;
  f.bytes = nest.bytes[k];
  f.tile_bytes = item_size(wanted);
  f.direct = dtype == wanted && f.stride == 1;
  f.splat = !is_output && f.stride == 0;
  f.convert = is_output ? convert_fn(dtype, wanted) : convert_fn(wanted, dtype);
  f.buffer = buffers().tile[k];
}

// ---- long rows: tile after tile along the innermost dim

void run_rows(const Nest& nest, Feed* feed, TileFn tile, const void** in) {
  const int n_in = nest.n - 1;
  const int64_t n = nest.inner();
  nest.for_each_row([&](char* const* at) {
    for (int i = 0; i < n_in; ++i) {
      Feed& f = feed[i + 1];
      if (!f.splat) continue;
      if (f.held != at[i + 1]) f.convert(f.buffer, 1, at[i + 1], 0, n < kTile ? n : kTile);
      f.held = at[i + 1];
      in[i] = f.buffer;
    }
    for (int64_t start = 0; start < n; start += kTile) {
      const int64_t len = n - start < kTile ? n - start : kTile;
      for (int i = 0; i < n_in; ++i) {
        const Feed& f = feed[i + 1];
        if (f.splat) continue;
        char* src = at[i + 1] + start * f.stride * f.bytes;
        if (!f.direct) f.convert(f.buffer, 1, src, f.stride, len);
        in[i] = f.direct ? src : f.buffer;
      }
      const Feed& out = feed[0];
      char* dst = at[0] + start * out.stride * out.bytes;
      tile(out.direct ? dst : out.buffer, in, len);
      if (!out.direct) out.convert(dst, out.stride, out.buffer, 1, len);
    }
  });
}

// ---- short rows: several of them in one tile

template <class T>
void widen(char* to, const char* column, int64_t rows, int64_t n) {
  T* d = reinterpret_cast<T*>(to);
  const T* c = reinterpret_cast<const T*>(column);
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

// `rows` rows of n elements at `src` as one run.
const void* load_block(Feed& f, char* src, int64_t rows, int64_t n) {
  const bool even = f.row == f.stride * n;
  if (f.direct && even) return src;
  if (f.held == src && f.held_rows >= rows) return f.buffer;
  if (even) {
    f.convert(f.buffer, 1, src, f.stride, rows * n);
  } else if (f.row == 0) {
    f.convert(f.buffer, 1, src, f.stride, n);
    repeat(f.buffer, n * f.tile_bytes, rows);
  } else if (f.stride == 0) {
    char* column = buffers().column;
    f.convert(column, 1, src, f.row, rows);
    if (f.tile_bytes == 4) widen<uint32_t>(f.buffer, column, rows, n);
    else widen<uint64_t>(f.buffer, column, rows, n);
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

void store_block(const Feed& f, char* dst, int64_t rows, int64_t n) {
  if (f.row == f.stride * n) return f.convert(dst, f.stride, f.buffer, 1, rows * n);
  for (int64_t r = 0; r < rows; ++r)
    f.convert(dst + r * f.row * f.bytes, f.stride, f.buffer + r * n * f.tile_bytes, 1, n);
}

void run_blocks(const Nest& nest, Feed* feed, TileFn tile, const void** in) {
  const int n_in = nest.n - 1;
  const int64_t n = nest.inner(), all = nest.size[1], at_once = kTile / n;
  const Feed& out = feed[0];
  const bool direct = out.direct && out.row == n;
  nest.for_each(2, [&](char* const* at) {
    for (int64_t start = 0; start < all; start += at_once) {
      const int64_t rows = all - start < at_once ? all - start : at_once;
      for (int i = 0; i < n_in; ++i) {
        Feed& f = feed[i + 1];
        in[i] = load_block(f, at[i + 1] + start * f.row * f.bytes, rows, n);
      }
      char* dst = at[0] + start * out.row * out.bytes;
      tile(direct ? dst : out.buffer, in, rows * n);
      if (!direct) store_block(out, dst, rows, n);
    }
  });
}

}  // namespace

void run_pointwise(const Launch& l) {
  const auto& info = *static_cast<const PointwiseInfo*>(l.info);
  if (run_directly(l, info)) return;
  const int n_in = info.n_operands;
  const Array* arrays[Nest::kMaxArrays] = {&l.out[0]};
  for (int i = 0; i < n_in; ++i) arrays[i + 1] = &l.in[i];
  Nest nest;
  if (!build_nest(nest, arrays, n_in + 1)) return;
  const DType result = info.bool_result ? DType::Bool : info.compute;
  const double cost = elements(nest) * 0.25 * (n_in + 1);
  for_each_part(nest, cost, [&](const Nest& part) {
    Feed feed[Nest::kMaxArrays];
    prepare(feed[0], part, 0, l.out[0].dtype, result, true);
    for (int i = 0; i < n_in; ++i) prepare(feed[i + 1], part, i + 1, l.in[i].dtype, info.compute, false);
    const void* in[kMaxIn + 4];
    for (int i = n_in; i < l.n_in; ++i) in[i] = l.in[i].data;
    if (part.ndim > 1 && part.inner() <= kTile / 2) run_blocks(part, feed, info.tile, in);
    else run_rows(part, feed, info.tile, in);
  });
}

}  // namespace gradus
