// Feeds pointwise kernels: in place where memory is contiguous and of the compute type, else through tile buffers.
#include "gradus/kernels/pointwise.h"

#include "gradus/kernels/convert.h"
#include "gradus/kernels/nest.h"

namespace gradus {
namespace {

constexpr int64_t kTile = 1024;
constexpr int kMaxIn = Nest::kMaxArrays - 1;

// How one array takes part in the innermost loop.
struct Feed {
  bool direct = false, splat = false;
  int64_t stride = 0, bytes = 0;
  ConvertFn convert = nullptr;
  char* buffer = nullptr;
};

struct Buffers {
  alignas(64) char tile[kMaxIn + 1][kTile * 8];
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
  info.tile(out.data, in, n);
  return true;
}

void prepare(Feed& f, const Nest& nest, int k, DType dtype, DType wanted, bool is_output) {
  f.stride = nest.inner_stride(k);
  f.bytes = nest.bytes[k];
  f.direct = dtype == wanted && f.stride == 1;
  f.splat = !is_output && f.stride == 0;
  f.convert = is_output ? convert_fn(dtype, wanted) : convert_fn(wanted, dtype);
  f.buffer = buffers().tile[k];
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
  Feed feed[Nest::kMaxArrays];
  prepare(feed[0], nest, 0, l.out[0].dtype, result, true);
  for (int i = 0; i < n_in; ++i) prepare(feed[i + 1], nest, i + 1, l.in[i].dtype, info.compute, false);
  const void* in[kMaxIn + 4];
  for (int i = n_in; i < l.n_in; ++i) in[i] = l.in[i].data;
  const int64_t n = nest.inner();
  nest.for_each_row([&](char* const* at) {
    for (int i = 0; i < n_in; ++i)
      if (feed[i + 1].splat) {
        feed[i + 1].convert(feed[i + 1].buffer, 1, at[i + 1], 0, n < kTile ? n : kTile);
        in[i] = feed[i + 1].buffer;
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
      char* dst = at[0] + start * feed[0].stride * feed[0].bytes;
      info.tile(feed[0].direct ? dst : feed[0].buffer, in, len);
      if (!feed[0].direct) feed[0].convert(dst, feed[0].stride, feed[0].buffer, 1, len);
    }
  });
}

}  // namespace gradus
