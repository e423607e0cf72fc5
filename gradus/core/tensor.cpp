// What a tensor knows about itself without computing anything.
#include "gradus/core/tensor.h"

#include "gradus/core/format.h"
#include "gradus/core/geometry.h"
#include "gradus/core/node.h"
#include "gradus/core/read.h"

namespace gradus {

namespace detail {
constinit thread_local Modes modes;
bool anomaly = false;
DType default_dtype = DType::Float32;
}  // namespace detail

void set_default_dtype(DType dtype) {
  check_as(ErrorKind::Type, is_floating(dtype), "only floating-point types are supported as the default type");
  detail::default_dtype = dtype;
}

int64_t Tensor::wrapped_back(int64_t d) const { return wrap_dim(d, dim()); }
bool Tensor::is_contiguous(MemoryFormat format) const {
  if (format == MemoryFormat::ChannelsLast || format == MemoryFormat::ChannelsLast3d)
    return is_channels_last(sizes(), strides(), format);
  return impl_->view->contiguous;
}

void* Tensor::data_ptr() const {
  void* p = settled_data();
  __atomic_fetch_or(&impl_->view->storage->flags, uint32_t{Storage::kEscaped}, __ATOMIC_RELAXED);
  return p;
}
void* Tensor::settled_data() const { return impl_->view->array().data; }
const void* read_data(const Tensor& t) {
  const View& v = *t.impl()->view;
  return v.storage->pending_write() ? v.array().data : v.raw_array().data;
}

void Tensor::expect_dtype(DType expected) const {
  check(dtype() == expected, "expected scalar type ", expected, " but found ", dtype());
}

Scalar Tensor::item() const {
  check(numel() == 1, "a Tensor with ", numel(), " elements cannot be converted to Scalar");
  const void* p = read_data(*this);
  return dispatch(dtype(), [p]<class T>() -> Scalar {
    const T value = *static_cast<const T*>(p);
    if constexpr (std::is_same_v<T, bool>) return Scalar(value);
    else if constexpr (DTypeOf<T>::value >= DType::Float16) return Scalar(static_cast<double>(value));
    else return Scalar(static_cast<int64_t>(value));
  });
}

bool Tensor::is_leaf() const {
  if (is_view()) current_node(impl_);
  return impl_->is_leaf();
}

const Tensor& Tensor::requires_grad_(bool wanted) const {
  if (!wanted) {
    check(is_leaf(),
          "you can only change requires_grad flags of leaf variables. If you want to use a computed variable in a "
          "subgraph that doesn't require differentiation use var_no_grad = var.detach().");
    impl_->flags &= ~(TensorImpl::kRequiresGrad | TensorImpl::kAsksGrad);
    return *this;
  }
  check(is_floating(dtype()), "only Tensors of floating point dtype can require gradients");
  check(!is_inference() || is_inference_mode_enabled(),
        "Setting requires_grad=True on inference tensor outside InferenceMode is not allowed.");
  if (is_inference()) {
    impl_->flags |= TensorImpl::kAsksGrad;
    return *this;
  }
  impl_->flags |= TensorImpl::kRequiresGrad;
  // Made before threads share the leaf: one may store a gradient while others ask whether it is a view.
  meta_of(impl_);
  return *this;
}

Tensor Tensor::grad() const {
  TensorImpl* g = impl_->meta ? impl_->meta->grad : nullptr;
  if (g) retain(g);
  return Tensor(g);
}

void Tensor::set_grad(const Tensor& grad) const {
  if (!grad.defined() && !impl_->meta) return;
  Meta& m = meta_of(impl_);
  TensorImpl* before = m.grad;
  if (grad.defined()) retain(grad.impl());
  m.grad = grad.impl();
  if (before) drop(before);
}

uint32_t Tensor::version() const {
  check(!is_inference(), "Inference tensors do not track version counter.");
  return version_number(impl_);
}
bool Tensor::retains_grad() const { return impl_->meta && impl_->meta->retains_grad && !is_leaf(); }
Tensor Tensor::base() const {
  if (!is_view()) return {};
  retain(impl_->meta->base);
  return Tensor(impl_->meta->base);
}

Tensor Tensor::variable_data() const {
  ref_inc(impl_->view->refs);
  TensorImpl* t = new_tensor(impl_->view);
  t->flags = impl_->flags & TensorImpl::kInference;
  return Tensor(t);
}

void Tensor::set_data(const Tensor& other) const {
  check(!requires_grad() || is_floating(other.dtype()),
        "data set to a tensor that requires gradients must be floating point or complex dtype");
  impl_->flags = (impl_->flags & ~TensorImpl::kInference) | (other.impl()->flags & TensorImpl::kInference);
  View* before = impl_->view;
  ref_inc(other.impl()->view->refs);
  impl_->view = other.impl()->view;
  drop(before);
  if (impl_->node && (impl_->flags & TensorImpl::kLeafNode))
    impl_->node->out()[0] = {impl_->view->dtype, true, impl_->view->sizes()};
}

}  // namespace gradus
