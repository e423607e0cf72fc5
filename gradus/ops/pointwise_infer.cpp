// Inference of pointwise operators: promoted dtype, broadcast shape, layout of the result; then the record.
#include "gradus/gen/functions.h"
#include "gradus/ops/funnel.h"

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
    check(is_floating(common) || !p.is_float(),
          "For integral input tensors, argument alpha must not be a floating point number.");
    check(common == DType::Bool || !p.is_bool(), "Boolean alpha only supported for Boolean results.");
  }
}

struct ResultLayout {
  Dims sizes, strides;
};

// Sizes and strides of the result over operands that do not simply agree.
ResultLayout infer_layout(const PointwiseSpec& spec, const Operand* ops) {
  ResultLayout l;
  const Tensor* first = nullptr;
  bool agree = true;
  for (int i = 0; i < spec.n_operands; ++i) {
    const Tensor* t = ops[i].tensor;
    if (!t) continue;
    if (!first) {
      first = t;
      l.sizes = t->sizes();
      continue;
    }
    if (l.sizes == t->sizes()) {
      agree = agree && t->strides() == first->strides();
      continue;
    }
    agree = false;
    l.sizes = broadcast_sizes(l.sizes, t->sizes());
  }
  if (agree && is_non_overlapping_and_dense(first->sizes(), first->strides())) {
    l.strides = first->strides();
    return l;
  }
  Dims strides[kMaxOperands];
  int n = 0;
  for (int i = 0; i < spec.n_operands; ++i)
    if (const Tensor* t = ops[i].tensor) strides[n++] = expand_strides(t->sizes(), t->strides(), l.sizes);
  l.strides = pointwise_strides(l.sizes, strides, n);
  return l;
}

// All tensors contiguous, of one shape and one dtype: the common case needs no inference.
const Tensor* uniform(const PointwiseSpec& spec, const Operand* ops) {
  const Tensor* first = nullptr;
  const View* shape = nullptr;
  bool number = false, real = false;
  for (int i = 0; i < spec.n_operands; ++i) {
    const Tensor* t = ops[i].tensor;
    const bool typed = !(spec.untyped >> i & 1u);
    if (!t) {
      number |= typed;
      real |= typed && ops[i].scalar.is_float();
      continue;
    }
    const View* v = t->impl()->view;
    if (!v->contiguous || (shape && !(shape->sizes() == v->sizes()))) return nullptr;
    shape = v;
    if (!typed) continue;
    if (!first) first = t;
    else if (v->dtype != first->impl()->view->dtype) return nullptr;
  }
  if (!first || (number && first->dtype() == DType::Bool) || (real && !is_floating(first->dtype()))) return nullptr;
  return first;
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

void submit_pointwise(const PointwiseSpec& spec, const FuseInfo& info, const Operand* ops, DType common,
                      const Tensor& out) {
  View* outs[] = {out.impl()->view};
  View* in[kMaxOperands];
  Splat splats[kMaxOperands];
  const int n = spec.n_operands + spec.n_params;
  const bool narrow = narrows(spec, common);
  for (int i = 0; i < n; ++i) {
    in[i] = ops[i].tensor ? ops[i].tensor->impl()->view : nullptr;
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

Tensor run_pointwise_op(const PointwiseSpec& spec, const PointwiseInfos& infos, const Operand* ops, Dest dest,
                        const Tensor* dst) {
  if (dest != Dest::Fresh) check_destination(spec, ops, *dst);
  const Tensor* same = uniform(spec, ops);
  const bool simple = same && dest == Dest::Fresh;
  ResultLayout layout;
  if (!simple) layout = infer_layout(spec, ops);
  if (dest == Dest::InPlace || (dest == Dest::Out && is_operand(spec, ops, *dst)))
    check(dst->sizes() == layout.sizes, "output with shape ", dst->sizes(), " doesn't match the broadcast shape ",
          layout.sizes);
  const DType operands = same ? same->dtype() : common_dtype(spec, ops);
  if (spec.validate) spec.validate(operands);
  if (spec.inspect) spec.inspect(ops, operands);
  const DType common = spec.kind == Kind::PromoteFloat && !is_floating(operands) ? default_dtype() : operands;
  check_as(ErrorKind::NotImplemented, spec.kind != Kind::PromoteInt || !is_floating(common), "\"", spec.name,
           "_cpu\" not implemented for '", common, "'");
  if (spec.param_name == "alpha") check_alpha(spec, ops, common);
  const FuseInfo& info = infos[tile_index(compute_type(common))];
  const DType result = spec.kind == Kind::Compare ? DType::Bool : common;
  if (dest == Dest::Fresh) {
    if (spec.row_major) layout.strides = {};
    Tensor out =
        simple ? allocate(same->sizes(), result, {}, true) : allocate(layout.sizes, result, layout.strides, true);
    if (spec.like_self && out.numel() == 0) out = empty_like(*ops[0].tensor, result);
    submit_pointwise(spec, info, ops, common, out);
    return out;
  }
  check_castable(result, dst->dtype());
  if (dest == Dest::Out && !(dst->sizes() == layout.sizes)) {
    for (int i = 0; i < spec.n_operands; ++i)
      if (ops[i].tensor) ops[i].tensor->impl()->view->check_extent();
    resize_output(*dst, layout.sizes);
    if (product(layout.strides) && dst->numel()) {  // a resized result takes the layout a fresh one would have
      Geometry g{layout.sizes, layout.strides, dst->storage_offset()};
      ref_inc(dst->impl()->view->storage->refs);
      View* v = new_view(dst->impl()->view->storage, dst->dtype(), g.sizes, g.strides, g.offset);
      drop(dst->impl()->view);
      dst->impl()->view = v;
    }
  }
  submit_pointwise(spec, info, ops, common, *dst);
  return *dst;
}

}  // namespace gradus
