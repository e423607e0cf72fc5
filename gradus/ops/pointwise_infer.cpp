// Inference of pointwise operators: promoted dtype, broadcast shape, layout of the result; then the record.
#include <cstring>

#include "gradus/gen/functions.h"
#include "gradus/ops/funnel.h"
#include "gradus/ops/pointwise_check.h"

namespace gradus {
namespace {

constexpr int kMaxOperands = 6;

// A dtype seen or none yet.
struct Seen {
  bool any = false;
  DType dtype = DType::Bool;
  void add(DType t) {
    dtype = any ? promote(dtype, t) : t;
    any = true;
  }
};

// PyTorch's rule: the higher of (dimensioned, zero-dim, number) decides unless a lower one is of a higher category.
Seen combine(Seen higher, Seen lower) {
  if (!higher.any) return lower;
  if (!lower.any || is_floating(higher.dtype)) return higher;
  if (higher.dtype == DType::Bool || is_floating(lower.dtype)) higher.add(lower.dtype);
  return higher;
}

DType common_dtype(const PointwiseSpec& spec, const Operand* ops) {
  Seen dimensioned, zero_dim, number;
  for (int i = 0; i < spec.n_operands; ++i) {
    if (spec.untyped >> i & 1u) continue;
    if (const Tensor* t = ops[i].tensor) (t->dim() ? dimensioned : zero_dim).add(t->dtype());
    else number.add(ops[i].scalar.is_float() ? default_dtype() : ops[i].scalar.dtype());
  }
  return combine(dimensioned, combine(zero_dim, number)).dtype;
}

void check_alpha(const PointwiseSpec& spec, const Operand* ops, DType common) {
  for (int i = spec.n_operands; i < spec.n_operands + spec.n_params; ++i) {
    const Scalar& p = ops[i].scalar;
    if (p.is_integral() && p.equals(1)) [[likely]]
      continue;
    check(is_floating(common) || !p.is_float(),
          "For integral input tensors, argument alpha must not be a floating point number.");
    check(common == DType::Bool || !p.is_bool(), "Boolean alpha only supported for Boolean results.");
    check_fits(p, common);
  }
}

Dims infer_sizes(const PointwiseSpec& spec, const Operand* ops) {
  Dims sizes;
  for (int i = 0; i < spec.n_operands; ++i) {
    const Tensor* t = ops[i].tensor;
    if (t && !(sizes == t->sizes())) sizes = sizes.empty() ? Dims(t->sizes()) : broadcast_sizes(sizes, t->sizes());
  }
  return sizes;
}

// Strides of a fresh result by PyTorch's rules: what operands of one shape agree on, else the order that they ask for.
Dims infer_strides(const PointwiseSpec& spec, const Operand* ops, const Dims& sizes, DType common) {
  if (spec.row_major) return {};
  Dims own[kMaxOperands], expanded[kMaxOperands];
  int n = 0;
  bool same = !spec.zero_dim, row_major = true, channels_last = true;
  for (int i = 0; i < spec.n_operands; ++i) {
    const Tensor* t = ops[i].tensor;
    if (!t) continue;
    const bool cast = t->dtype() != common && !(spec.untyped >> i & 1u);  // what is cast is dense first
    own[n] = cast ? like_strides(t->sizes(), t->strides()) : Dims(t->strides());
    same = same && sizes == t->sizes();
    row_major = row_major && is_contiguous(t->sizes(), own[n]);
    channels_last = channels_last && is_channels_last(t->sizes(), own[n], MemoryFormat::ChannelsLast);
    expanded[n] = expand_strides(t->sizes(), own[n], sizes);
    ++n;
  }
  if (same && row_major) return {};
  if (same && channels_last) return format_strides(sizes, MemoryFormat::ChannelsLast);
  for (int i = 1; i < n; ++i) same = same && own[i] == own[0];
  return same && is_non_overlapping_and_dense(sizes, own[0]) ? own[0] : pointwise_strides(sizes, expanded, n);
}

bool same_sizes(const View& a, const View& b) {
  if (a.ndim != b.ndim || a.numel != b.numel) return false;
  const int64_t *x = a.size_data(), *y = b.size_data();
  for (int i = 0; i < a.ndim; ++i)
    if (x[i] != y[i]) return false;
  return true;
}

// What all operands agree on.
struct Uniform {
  const View* shape = nullptr;  // null: they do not
  DType dtype = DType::Bool;
};

// All tensors contiguous, of one dtype, and of one shape or none: the common case needs no inference.
Uniform uniform(const PointwiseSpec& spec, const Operand* ops) {
  const View *shape = nullptr, *first = nullptr;
  bool number = false, real = false, zero_dim = spec.zero_dim, plain = true;
  for (int i = 0; i < spec.n_operands; ++i) {
    const Tensor* t = ops[i].tensor;
    const bool typed = !(spec.untyped >> i & 1u);
    if (!t) {
      number |= typed;
      real |= typed && ops[i].scalar.is_float();
      continue;
    }
    const View* v = t->impl()->view;
    if (!v->contiguous) return {};
    zero_dim |= !v->ndim;
    plain &= v->plain;
    if (!shape || !shape->ndim) shape = v;
    else if (v->ndim && shape != v && !same_sizes(*shape, *v)) return {};
    if (!typed) continue;
    if (!first) first = v;
    else if (v->dtype != first->dtype) return {};
  }
  if (!first || (number && first->dtype == DType::Bool) || (real && !is_floating(first->dtype))) return {};
  // Beside a zero-dim tensor PyTorch keeps the order of strides.
  if (zero_dim && !plain) return {};
  return {shape, first->dtype};
}

// A number as it is after a cast to `dtype`; the compute type is wider.
Scalar narrowed(const Scalar& s, DType dtype) {
  return dispatch(dtype, [&]<class T>() -> Scalar {
    if constexpr (std::is_same_v<T, bool>) return Scalar(s.to_bool());
    else if constexpr (DTypeOf<T>::value >= DType::Float16)
      return Scalar(static_cast<double>(static_cast<float>(T(static_cast<float>(s.to_double())))));
    else return Scalar(static_cast<long>(static_cast<T>(s.to_int())));
  });
}
// Arithmetic on 16-bit floats takes numbers in float32, comparisons do not.
bool narrows(const PointwiseSpec& spec, DType common) {
  return common < DType::Int32 || (spec.kind == Kind::Compare && is_reduced_floating(common));
}

// One value `count` times.
template <class T>
void repeat(void* to, const void* value, int64_t count) {
  T v;
  std::memcpy(&v, value, sizeof v);
  for (int64_t i = 0; i < count; ++i) static_cast<T*>(to)[i] = v;
}
void repeat(void* to, const void* value, DType type, int64_t count) {
  if (item_size(type) == 4) repeat<uint32_t>(to, value, count);
  else repeat<uint64_t>(to, value, count);
}

Splat splat_of(const Scalar& value, DType compute) {
  if (compute != DType::Float32) return make_splat(value, compute);
  Splat s{};
  const auto v = static_cast<float>(value.to_double());
  std::memcpy(s.bytes, &v, sizeof v);
  return s;
}

// Little work on dense memory that nothing waits for: the tile runs over it here and now, without a record.
bool run_at_once(const PointwiseSpec& spec, const FuseInfo& info, const Operand* ops, DType common, const View& out) {
  constexpr uint32_t kCare = Storage::kShrunk | Storage::kRead | Storage::kWritten;
  constexpr int64_t kMostFilled = 256;
  const int64_t n = out.numel, bytes = item_size(common);
  if (n >= kWorthWaiting || n == 0 || info.compute != common) return false;
  if (out.dtype != (info.bool_result ? DType::Bool : common) || out.storage->has(kCare)) return false;
  alignas(64) uint64_t filled[kMostFilled];
  Splat numbers[kMaxOperands];
  const void* in[kMaxOperands];
  int filled_at = -1;
  for (int i = 0; i < spec.n_operands + spec.n_params; ++i) {
    if (const Tensor* t = ops[i].tensor) {
      const View& v = *t->impl()->view;
      if (v.dtype != common || v.storage->has(kCare)) return false;
      in[i] = v.raw();
      if (v.numel == n) continue;
    } else {
      numbers[i] = splat_of(ops[i].scalar, common);
      in[i] = numbers[i].bytes;
      if (n == 1 || !info.moves(i)) continue;
    }
    if (filled_at >= 0) return false;
    filled_at = i;
    repeat(filled, in[i], common, n < kMostFilled ? n : kMostFilled);
    in[i] = filled;
  }
  if (!begin_direct()) return false;
  if (!out.storage->data) materialise(*out.storage);
  const int64_t piece = filled_at < 0 || n < kMostFilled ? n : kMostFilled;
  for (int64_t start = 0; start < n; start += piece) {
    info.tile(out.raw() + start * item_size(out.dtype), in, n - start < piece ? n - start : piece);
    for (int i = 0; i < spec.n_operands; ++i)
      if (i != filled_at && info.moves(i)) in[i] = static_cast<const char*>(in[i]) + piece * bytes;
  }
  return true;
}

void submit_apart(const PointwiseSpec& spec, const FuseInfo& info, const Operand* ops, DType common, const Tensor& out);

void submit_pointwise(const PointwiseSpec& spec, const FuseInfo& info, const Operand* ops, DType common,
                      const Tensor& out) {
  View* outs[] = {out.impl()->view};
  View* in[kMaxOperands];
  Splat splats[kMaxOperands];
  const int n = spec.n_operands + spec.n_params;
  const bool narrow = narrows(spec, common);
  for (int i = 0; i < n; ++i) {
    in[i] = ops[i].tensor ? ops[i].tensor->impl()->view : nullptr;
    if (in[i] && in[i]->storage == outs[0]->storage && overlaps_otherwise(*outs[0], *in[i])) [[unlikely]]
      return submit_apart(spec, info, ops, common, out);
    if (!in[i]) splats[i] = make_splat(narrow ? narrowed(ops[i].scalar, common) : ops[i].scalar, info.compute);
  }
  Record r;
  r.run = &run_pointwise;
  r.info = r.fuse = &info;
  r.out = outs;
  r.in = in;
  r.splats = splats;
  r.splat_dtype = info.compute;
  r.n_out = 1;
  r.n_in = n;
  submit(r);
}

// With copies of what overlaps the result otherwise than element by element.
[[gnu::noinline]] void submit_apart(const PointwiseSpec& spec, const FuseInfo& info, const Operand* ops, DType common,
                                    const Tensor& out) {
  Operand copied[kMaxOperands];
  Tensor copies[kMaxOperands];
  for (int i = 0; i < spec.n_operands + spec.n_params; ++i) {
    copied[i] = ops[i];
    if (!ops[i].tensor || !overlaps_otherwise(*out.impl()->view, *ops[i].tensor->impl()->view)) continue;
    copies[i] = copy_of(*ops[i].tensor);
    copied[i].tensor = &copies[i];
  }
  submit_pointwise(spec, info, copied, common, out);
}

void check_destination(const PointwiseSpec& spec, const Operand* ops, const Tensor& dst) {
  check_no_internal_overlap(dst);
  for (int i = 0; i < spec.n_operands; ++i)
    if (ops[i].tensor) check_no_partial_overlap(dst, *ops[i].tensor);
}

bool is_operand(const PointwiseSpec& spec, const Operand* ops, const Tensor& out) {
  for (int i = 0; i < spec.n_operands; ++i)
    if (ops[i].tensor && ops[i].tensor->is_same(out)) return true;
  return false;
}

}  // namespace

namespace {

struct Types {
  DType common, result;
  const FuseInfo* info;
};
// The types of an operation whose operands promote to `operands`, if it accepts them.
Types checked_types(const PointwiseSpec& spec, const PointwiseInfos& infos, const Operand* ops, DType operands) {
  if (spec.validate) spec.validate(operands);
  if (spec.inspect) spec.inspect(ops, operands);
  const DType common = spec.kind == Kind::PromoteFloat && !is_floating(operands) ? default_dtype() : operands;
  check_as(ErrorKind::NotImplemented, spec.kind != Kind::PromoteInt || !is_floating(common), "\"", spec.name,
           "_cpu\" not implemented for '", common, "'");
  if (spec.alpha) check_alpha(spec, ops, common);
  return {common, spec.kind == Kind::Compare ? DType::Bool : common, &infos[tile_index(compute_type(common))]};
}

Tensor run_uniform(const PointwiseSpec& spec, const PointwiseInfos& infos, const Operand* ops, const Uniform& same) {
  const View& like = *same.shape;
  const Types t = checked_types(spec, infos, ops, same.dtype);
  Tensor out;
  if (spec.like_self && !like.plain) out = empty_like(*ops[0].tensor, t.result);
  else out = Tensor(new_result(like, t.result));
  if (!run_at_once(spec, *t.info, ops, t.common, *out.impl()->view))
    submit_pointwise(spec, *t.info, ops, t.common, out);
  return out;
}

// Small work in place that needs no inference: all dense, of one shape and type, nothing overlaps.
bool run_inplace(const PointwiseSpec& spec, const PointwiseInfos& infos, const Operand* ops, const Tensor& dst) {
  const Uniform same = uniform(spec, ops);
  const View* written = dst.impl()->view;
  if (!same.shape || same.dtype != written->dtype || ops[0].tensor != &dst) return false;
  if (same.shape != written && !same_sizes(*same.shape, *written)) return false;
  for (int i = 1; i < spec.n_operands; ++i)
    if (const Tensor* t = ops[i].tensor)
      if (t->impl()->view != written && t->impl()->view->storage == written->storage) return false;
  const Types t = checked_types(spec, infos, ops, written->dtype);
  return t.result == written->dtype && run_at_once(spec, *t.info, ops, t.common, *written);
}

}  // namespace

Tensor run_pointwise_op(const PointwiseSpec& spec, const PointwiseInfos& infos, const Operand* ops, Dest dest,
                        const Tensor* dst) {
  if (dest == Dest::Fresh) {
    if (const Uniform same = uniform(spec, ops); same.shape) return run_uniform(spec, infos, ops, same);
  } else {
    if (dest == Dest::InPlace && run_inplace(spec, infos, ops, *dst)) return {};
    check_destination(spec, ops, *dst);
  }
  const Dims sizes = infer_sizes(spec, ops);
  if (dest == Dest::InPlace || (dest == Dest::Out && is_operand(spec, ops, *dst)))
    check(dst->sizes() == sizes, "output with shape ", dst->sizes(), " doesn't match the broadcast shape ", sizes);
  const Types t = checked_types(spec, infos, ops, common_dtype(spec, ops));
  if (dest == Dest::Fresh) {
    const bool like_self = spec.like_self && sizes == ops[0].tensor->sizes();
    const Dims strides =
        like_self ? like_strides(sizes, ops[0].tensor->strides()) : infer_strides(spec, ops, sizes, t.common);
    Tensor out = allocate(sizes, t.result, strides, true);
    submit_pointwise(spec, *t.info, ops, t.common, out);
    return out;
  }
  check_castable(t.result, dst->dtype());
  if (dest == Dest::Out && !(dst->sizes() == sizes)) {
    for (int i = 0; i < spec.n_operands; ++i)
      if (ops[i].tensor) ops[i].tensor->impl()->view->check_extent();
    resize_output(*dst, sizes);
    const Dims strides = infer_strides(spec, ops, sizes, t.common);
    if (product(strides) && dst->numel()) {  // a resized result takes the layout a fresh one would have
      Geometry g{sizes, strides, dst->storage_offset()};
      ref_inc(dst->impl()->view->storage->refs);
      View* v = new_view(dst->impl()->view->storage, dst->dtype(), g.sizes, g.strides, g.offset);
      drop(dst->impl()->view);
      dst->impl()->view = v;
    }
  }
  if (dst->dtype() != t.result && t.info->compute != t.common) [[unlikely]] {
    // What is computed in a wider type is rounded, or wraps around, before it goes into a wider one.
    const Tensor narrow = allocate(sizes, t.result, {}, true);
    submit_pointwise(spec, *t.info, ops, t.common, narrow);
    copy_values(*dst, narrow);
    return {};
  }
  submit_pointwise(spec, *t.info, ops, t.common, *dst);
  return {};
}

}  // namespace gradus
