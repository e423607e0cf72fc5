// Feeds pointwise kernels: in place where memory is contiguous and of the compute type, else through tile buffers.
#include "gradus/kernels/pointwise.h"

#include <chrono>

#include "gradus/kernels/feed.h"
#include "gradus/kernels/nest_parts.h"

namespace gradus {
namespace {

constexpr int64_t kTile = 1024;
constexpr int kMaxIn = Nest::kMaxArrays - 1;

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
void run_dense(const FuseInfo& info, char* out, const void* const* in, int n_in, int64_t n, int64_t out_bytes) {
  using Clock = std::chrono::steady_clock;
  constexpr int64_t kProbe = 4096, kStep = 1024;
  const int64_t bytes = item_size(info.compute);
  const auto run = [&](int64_t begin, int64_t end) {
    const void* from[kMaxIn + 4];
    for (int i = 0; i < n_in; ++i) from[i] = info.moves(i) ? static_cast<const char*>(in[i]) + begin * bytes : in[i];
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
bool run_directly(const Launch& l, const FuseInfo& info) {
  const Array& out = l.out[0];
  const DType result = info.bool_result ? DType::Bool : info.compute;
  if (out.dtype != result) return false;
  const int64_t n = out.numel();
  const void* in[kMaxIn + 4];
  if (n != 1 && !dense(out)) return false;
  for (int i = 0; i < l.n_in; ++i) {
    if (info.moves(i) && (l.in[i].dtype != info.compute || (n != 1 && !same_layout(out, l.in[i])))) return false;
    in[i] = l.in[i].data;
  }
  if (n == 1) info.tile(out.data, in, 1);
  else run_dense(info, out.as<char>(), in, l.n_in, n, item_size(result));
  return true;
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
        in[i] = load_block(f, at[i + 1] + start * f.row * f.bytes, rows, n, buffers().column);
      }
      char* dst = at[0] + start * out.row * out.bytes;
      tile(direct ? dst : out.buffer, in, rows * n);
      if (!direct) store_block(out, dst, out.buffer, rows, n);
    }
  });
}

}  // namespace

void run_pointwise(const Launch& l) {
  const auto& info = *static_cast<const FuseInfo*>(l.info);
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
    const auto set_up = [&](int k, DType dtype, DType wanted) {
      prepare(feed[k], part.inner_stride(k), part.ndim > 1 ? part.stride[k][1] : 0, dtype, wanted, k == 0,
              buffers().tile[k]);
    };
    set_up(0, l.out[0].dtype, result);
    for (int i = 0; i < n_in; ++i) set_up(i + 1, l.in[i].dtype, info.compute);
    const void* in[kMaxIn + 4];
    for (int i = n_in; i < l.n_in; ++i) in[i] = l.in[i].data;
    if (part.ndim > 1 && part.inner() <= kTile / 2) run_blocks(part, feed, info.tile, in);
    else run_rows(part, feed, info.tile, in);
  });
}

}  // namespace gradus
