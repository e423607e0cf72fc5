// Tensor: a handle to memory with a dtype, sizes and strides, and to the graph that computed it.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "gradus/core/device.h"
#include "gradus/core/dtype.h"
#include "gradus/core/impl.h"
#include "gradus/core/modes.h"
#include "gradus/core/scalar.h"
#include "gradus/core/shape.h"

namespace gradus {

class Generator;
class TensorList;
class Tensor;
using OptDType = std::optional<DType>;
using Tensors = std::vector<Tensor>;
using ScalarList = std::span<const Scalar>;  // borrowed
using OptFloatList = std::optional<std::span<const double>>;

/// Frees the implementation if this was the last handle.
inline void release(TensorImpl* t) noexcept { drop(t); }
inline void retain(TensorImpl* t) noexcept { ref_inc(t->refs); }

class Tensor {
 public:
  constexpr Tensor() : impl_(nullptr) {}
  /// Takes over one reference.
  explicit Tensor(TensorImpl* impl) : impl_(impl) {}
  Tensor(const Tensor& other) : impl_(other.impl_) {
    if (impl_) retain(impl_);
  }
  Tensor(Tensor&& other) noexcept : impl_(other.impl_) { other.impl_ = nullptr; }
  Tensor& operator=(const Tensor& other) {
    Tensor copy(other);
    return *this = static_cast<Tensor&&>(copy);
  }
  Tensor& operator=(Tensor&& other) noexcept {
    TensorImpl* mine = impl_;
    impl_ = other.impl_;
    other.impl_ = mine;
    return *this;
  }
  ~Tensor() {
    if (impl_) release(impl_);
  }

  bool defined() const { return impl_; }
  TensorImpl* impl() const { return impl_; }
  TensorImpl* detach_impl() {
    TensorImpl* t = impl_;
    impl_ = nullptr;
    return t;
  }
  bool is_same(const Tensor& other) const { return impl_ == other.impl_; }

  // ---- what it looks like
  DType dtype() const { return impl_->view->dtype; }
  Device device() const { return Device::CPU; }
  int64_t dim() const { return impl_->view->ndim; }
  IntList sizes() const { return impl_->view->sizes(); }
  IntList strides() const { return impl_->view->strides(); }                              // in elements
  int64_t size(int64_t dim) const { return impl_->view->size_data()[wrapped(dim)]; }      // IndexError outside
  int64_t stride(int64_t dim) const { return impl_->view->stride_data()[wrapped(dim)]; }  // [-dim(), dim())
  int64_t numel() const { return impl_->view->numel; }
  int64_t storage_offset() const { return impl_->view->offset; }
  bool is_contiguous(MemoryFormat format = MemoryFormat::Contiguous) const;
  bool is_floating_point() const { return is_floating(dtype()); }
  int64_t element_size() const { return item_size(dtype()); }

  // ---- what it holds
  /// Where the first element is. From then on the memory counts as seen by others: what reads or writes it runs at
  /// once.
  void* data_ptr() const;
  /// The same for looking at it now: operations that wait have run, later ones may wait again.
  void* settled_data() const;
  /// The data as T; raises if T is not the dtype's C++ type.
  template <class T>
  T* data() const {
    expect_dtype(DTypeOf<T>::value);
    return static_cast<T*>(data_ptr());
  }
  /// The single element, converted as Python's `float(x)`; raises unless numel() == 1.
  Scalar item() const;
  template <class T>
  T item() const {
    return convert<T>(item());
  }

  // ---- autograd
  bool requires_grad() const { return impl_->requires_grad() || impl_->has(TensorImpl::kAsksGrad); }
  const Tensor& requires_grad_(bool requires_grad = true) const;  // RuntimeError for integers and non-leaves
  bool is_leaf() const;
  Tensor grad() const;  // undefined if there is none
  void set_grad(const Tensor& grad) const;
  Node* grad_fn() const;                                                    // null for leaves
  uint32_t version() const;                                                 // RuntimeError for inference tensors
  bool is_inference() const { return impl_->has(TensorImpl::kInference); }  // made in inference mode
  void retain_grad() const;
  bool retains_grad() const;
  bool is_view() const { return impl_->meta && impl_->meta->base; }
  Tensor base() const;  // of a view; undefined otherwise
  /// Adds d(this)/d(leaf)·gradient to every leaf's grad; `gradient` may be left out for one element.
  void backward(const Tensor& gradient = {}, std::optional<bool> retain_graph = {}, bool create_graph = false) const;
  /// The same memory as a tensor outside the graph, with a version counter of its own (PyTorch's `.data`).
  Tensor variable_data() const;
  void set_data(const Tensor& other) const;

  /// Text as PyTorch prints it: values with four digits, shapes summarised above 1000 elements.
  std::string str() const;

#include "gradus/gen/methods.h"

  Tensor operator-() const;
  const Tensor& operator+=(const Tensor& other) const;
  const Tensor& operator-=(const Tensor& other) const;
  const Tensor& operator*=(const Tensor& other) const;
  const Tensor& operator/=(const Tensor& other) const;
  const Tensor& operator+=(Scalar other) const;
  const Tensor& operator-=(Scalar other) const;
  const Tensor& operator*=(Scalar other) const;
  const Tensor& operator/=(Scalar other) const;
  /// x[i] along the first dimension: a view.
  Tensor operator[](int64_t index) const;

 private:
  void expect_dtype(DType dtype) const;
  int64_t wrapped(int64_t dim) const {
    if (static_cast<uint64_t>(dim) < impl_->view->ndim) [[likely]]
      return dim;
    return wrapped_back(dim);
  }
  int64_t wrapped_back(int64_t dim) const;  // from the end; raises outside
  template <class T>
  static T convert(const Scalar& s) {
    if constexpr (DTypeOf<T>::value >= DType::Float16) return static_cast<T>(s.to_double());
    else if constexpr (DTypeOf<T>::value == DType::Bool) return s.to_bool();
    else return static_cast<T>(s.to_int());
  }

  TensorImpl* impl_;
};

/// A borrowed list of tensors.
class TensorList {
 public:
  TensorList() = default;
  TensorList(const Tensor* data, int64_t size) : data_(data), size_(size) {}
  TensorList(std::initializer_list<Tensor> list) : size_(static_cast<int64_t>(list.size())) { data_ = list.begin(); }
  TensorList(const std::vector<Tensor>& list) : data_(list.data()), size_(static_cast<int64_t>(list.size())) {}
  const Tensor& operator[](int64_t i) const { return data_[i]; }
  int64_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const Tensor* begin() const { return data_; }
  const Tensor* end() const { return data_ + size_; }

 private:
  const Tensor* data_ = nullptr;
  int64_t size_ = 0;
};

Tensor operator+(const Tensor& a, const Tensor& b);
Tensor operator-(const Tensor& a, const Tensor& b);
Tensor operator*(const Tensor& a, const Tensor& b);
Tensor operator/(const Tensor& a, const Tensor& b);
Tensor operator+(const Tensor& a, Scalar b);
Tensor operator-(const Tensor& a, Scalar b);
Tensor operator*(const Tensor& a, Scalar b);
Tensor operator/(const Tensor& a, Scalar b);
Tensor operator+(Scalar a, const Tensor& b);
Tensor operator-(Scalar a, const Tensor& b);
Tensor operator*(Scalar a, const Tensor& b);
Tensor operator/(Scalar a, const Tensor& b);
Tensor operator==(const Tensor& a, const Tensor& b);
Tensor operator!=(const Tensor& a, const Tensor& b);
Tensor operator<(const Tensor& a, const Tensor& b);
Tensor operator<=(const Tensor& a, const Tensor& b);
Tensor operator>(const Tensor& a, const Tensor& b);
Tensor operator>=(const Tensor& a, const Tensor& b);
Tensor operator==(const Tensor& a, Scalar b);
Tensor operator!=(const Tensor& a, Scalar b);
Tensor operator<(const Tensor& a, Scalar b);
Tensor operator<=(const Tensor& a, Scalar b);
Tensor operator>(const Tensor& a, Scalar b);
Tensor operator>=(const Tensor& a, Scalar b);

}  // namespace gradus
