// The parts of the funnel that do not depend on the operator.
#include "gradus/ops/funnel.h"

#include "gradus/kernels/convert.h"
#include "gradus/kernels/index.h"
#include "gradus/ops/pointwise_check.h"

namespace gradus {

void check_dims(int64_t n) { check(n <= 64, "tensors have at most 64 dimensions, got ", n); }

Tensor allocate(const IntList& sizes, DType dtype, const IntList& strides, bool lazy) {
  int64_t bytes = item_size(dtype), step = 1;
  bool bytes_fit = true, steps_fit = true;
  for (int64_t s : sizes) {
    check(s >= 0, "Trying to create tensor with negative dimension ", s, ": ", sizes);
    bytes_fit &= !__builtin_mul_overflow(bytes, s, &bytes);
    steps_fit &= !__builtin_mul_overflow(step, s > 1 ? s : 1, &step);
  }
  check(bytes_fit, "Storage size calculation overflowed with sizes=", sizes);
  check(steps_fit, "Stride calculation overflowed");
  check_dims(sizes.size());
  Storage* storage = lazy && comes_late(bytes) ? new_lazy_storage(bytes) : new_storage(bytes);
  return Tensor(new_tensor(new_view(storage, dtype, sizes, strides, 0)));
}

Geometry geometry_of(const Tensor& t) {
  const View* v = t.impl()->view;
  return {Dims(v->sizes()), Dims(v->strides()), v->offset};
}

Tensor make_view(const Tensor& base, const Geometry& g, ViewKind kind) {
  int64_t numel = 1;
  for (int64_t s : IntList(g.sizes))
    check(!__builtin_mul_overflow(numel, s, &numel), "numel: integer multiplication overflow");
  check_dims(g.sizes.size());
  TensorImpl* b = base.impl();
  ref_inc(b->view->storage->refs);
  TensorImpl* t = new_tensor(new_view(b->view->storage, b->view->dtype, g.sizes, g.strides, g.offset));
  Version& version = version_of(b);
  ref_inc(version.refs);
  t->version = &version;
  t->flags = b->flags & TensorImpl::kInference;
  if (t->flags) return Tensor(t);
  Meta& m = meta_of(t);
  TensorImpl* root = b->meta && b->meta->base ? b->meta->base : b;
  ref_inc(root->refs);
  m.base = root;
  m.kind = is_grad_enabled() ? kind : is_inference_mode_enabled() ? ViewKind::Inference : ViewKind::NoGrad;
  if (m.kind == ViewKind::Plain && b->meta && b->meta->base) m.kind = b->meta->kind;
  m.view_version = version.n;
  return Tensor(t);
}

constexpr FuseInfo kCopy;

void copy_values(const Tensor& dst, const Tensor& src) {
  View* out[] = {dst.impl()->view};
  View* in[] = {src.impl()->view};
  Record r;
  r.run = [](const Launch& l) { copy_array(l.out[0], l.in[0]); };
  r.fuse = &kCopy;
  r.out = out;
  r.in = in;
  r.n_out = r.n_in = 1;
  submit(r);
}

Tensor copy_of(const Tensor& t) {
  Tensor out = allocate(t.sizes(), t.dtype(), like_strides(t.sizes(), t.strides()), true);
  copy_values(out, t);
  return out;
}

// ---- checks

void check_no_internal_overlap(const Tensor& t) {
  if (t.impl()->view->contiguous) return;
  check(!has_internal_overlap(t.sizes(), t.strides()),
        "unsupported operation: more than one element of the written-to tensor refers to a single memory location. "
        "Please clone() the tensor before performing the operation.");
}

namespace {
// First and one-past-last byte that a tensor touches.
std::pair<const char*, const char*> extent(const View* v) {
  const char* begin = v->raw();
  int64_t last = 0;
  for (int i = 0; i < v->ndim; ++i) last += (v->size_data()[i] - 1) * v->stride_data()[i];
  return {begin, begin + (last + 1) * item_size(v->dtype)};
}
}  // namespace

bool overlaps_otherwise(const View& written, const View& read) {
  if (written.storage != read.storage || !written.numel || !read.numel || same_layout(written, read)) return false;
  const auto [a0, a1] = extent(&written);
  const auto [b0, b1] = extent(&read);
  return a0 < b1 && b0 < a1;
}

namespace {
void check_apart_unless_hard(bool overlap, const View& a, const View& b) {
  // PyTorch calls the other cases "too hard" and lets them pass.
  const auto dense = [](const View& v) { return is_non_overlapping_and_dense(v.sizes(), v.strides()); };
  check(!overlap || !dense(a) || !dense(b),
        "unsupported operation: some elements of the input tensor and the written-to tensor refer to a single memory "
        "location. Please clone() the tensor before performing the operation.");
}
}  // namespace

void check_no_partial_overlap(const Tensor& written, const Tensor& read) {
  const View &a = *written.impl()->view, &b = *read.impl()->view;
  check_apart_unless_hard(overlaps_otherwise(a, b), a, b);
}
void check_no_overlap(const Tensor& written, const Tensor& read) {
  const View &a = *written.impl()->view, &b = *read.impl()->view;
  const bool one = a.storage == b.storage && a.numel != 0 && same_layout(a, b);
  check_apart_unless_hard(one || overlaps_otherwise(a, b), a, b);
}

void check_castable(DType result, DType out) {
  check(can_cast(result, out), "result type ", result, " can't be cast to the desired output type ", out);
}

void check_exact_out(const Tensor& out, DType result) {
  check(out.dtype() == result, "Expected out tensor to have dtype ", cpp_type_name(result), ", but got ",
        cpp_type_name(out.dtype()), " instead");
}

void check_out_grad(std::string_view op, bool recording, const Tensor* outs, int n) {
  for (int i = 0; i < n; ++i) check_inference_write(outs[i].impl());
  for (int i = 0; i < n && !recording; ++i) recording = is_grad_enabled() && outs[i].requires_grad();
  check(!recording, op,
        "(): functions with out=... arguments don't support automatic differentiation, but one of the arguments "
        "requires grad.");
}

void resize_output(const Tensor& out, const IntList& sizes, const IntList& strides) {
  if (out.sizes() == sizes) return;
  TensorImpl* t = out.impl();
  View* before = t->view;
  Storage* storage = before->storage;
  const int64_t needed = storage_bytes(sizes, dense_strides(sizes), before->offset, item_size(before->dtype));
  check_dims(sizes.size());
  if (needed > storage->bytes) resize_storage(*storage, needed);
  ref_inc(storage->refs);
  t->view = new_view(storage, before->dtype, sizes, strides, before->offset);
  drop(before);
}

void write_output(const Tensor& out, const Tensor& result, const Op* writer) {
  check_castable(result.dtype(), out.dtype());
  check_no_internal_overlap(out);
  resize_output(out, result.sizes());
  copy_values(out, result);
  bump_version(out.impl(), writer);
}

void copy_output(const Tensor& out, const Tensor& result) {
  check_castable(result.dtype(), out.dtype());
  resize_output(out, result.sizes());
  out.copy_(result);
}

void write_inplace(const Tensor& self, const Tensor& result, const Op* writer) {
  check(self.sizes() == result.sizes(), "output with shape ", self.sizes(), " doesn't match the broadcast shape ",
        result.sizes());
  check_castable(result.dtype(), self.dtype());
  copy_values(self, result);
  bump_version(self.impl(), writer);
}

void run_into(const Tensor& dst, Run run, const Tensors& inputs, const std::vector<int64_t>& ints) {
  std::vector<View*> in;
  for (const Tensor& t : inputs) in.push_back(t.impl()->view);
  View* out[] = {dst.impl()->view};
  Record r;
  r.run = run;
  r.out = out;
  r.in = in.data();
  r.n_out = 1;
  r.n_in = static_cast<int>(in.size());
  r.ints = ints.data();
  submit(r);
}

void Call::chooses_rows() {
  static constexpr FuseInfo kRows{.kind = FuseInfo::Lookup, .name = "choose rows"};
  run_ = [](const Launch& l) { gather_rows(l.in[0], l.in[1], l.out[0]); };
  fuse_ = &kRows;
}

void Call::run(Run kernel, const FuseInfo* fuse) {
  View* out[kMaxOut];
  for (int i = 0; i < n_out_; ++i) out[i] = outs_[i].impl()->view;
  Record r;
  r.run = run_ ? run_ : kernel;
  r.fuse = fuse_ ? fuse_ : fuse;
  r.out = out;
  r.in = in_;
  r.n_out = n_out_;
  r.n_in = n_in_;
  r.ints = ints_;
  r.floats = floats_;
  submit(r);
}

}  // namespace gradus
