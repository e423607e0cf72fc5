// What tensors and dtypes say about themselves.
#include "gradus/ops/facts.h"

#include "gradus/core/format.h"
#include "gradus/core/impl.h"

namespace gradus {

bool is_floating_point(const Tensor& self) { return is_floating(self.dtype()); }
bool is_complex(const Tensor&) { return false; }
bool is_signed(const Tensor& self) { return self.dtype() != DType::Bool && self.dtype() != DType::UInt8; }
bool is_conj(const Tensor&) { return false; }
bool is_neg(const Tensor&) { return false; }
bool is_nonzero(const Tensor& self) {
  check(self.numel() != 0, "Boolean value of Tensor with no values is ambiguous");
  check(self.numel() == 1, "Boolean value of Tensor with more than one value is ambiguous");
  return self.item().to_bool();
}
bool is_same_size(const Tensor& self, const Tensor& other) { return self.sizes() == other.sizes(); }
bool is_set_to(const Tensor& self, const Tensor& tensor) {
  const View &a = *self.impl()->view, &b = *tensor.impl()->view;
  return a.storage == b.storage && a.offset == b.offset && a.sizes() == b.sizes() && a.strides() == b.strides();
}
bool is_distributed(const Tensor&) { return false; }
bool is_coalesced(const Tensor&) {
  raise(ErrorKind::Runtime, "is_coalesced expected sparse coordinate tensor layout but got Strided");
}
int64_t sparse_dim(const Tensor&) { return 0; }
int64_t dense_dim(const Tensor& self) { return self.dim(); }

Tensor to_dense(const Tensor& self, OptDType dtype, std::optional<bool>) { return dtype ? self.to(*dtype) : self; }
Tensor resolve_conj(const Tensor& self) { return self; }
Tensor resolve_neg(const Tensor& self) { return self; }

DType promote_types(DType type1, DType type2) { return promote(type1, type2); }

namespace {

// Dimensioned tensors count most, then 0-d tensors, then numbers, within a category.
using MaybeDType = std::optional<DType>;
struct Operands {
  MaybeDType tensors, scalars, numbers;
  static MaybeDType join(MaybeDType a, MaybeDType b) { return a && b ? promote(*a, *b) : a ? a : b; }
  static MaybeDType below(MaybeDType higher, MaybeDType lower) {
    if (higher && is_floating(*higher)) return higher;
    if (!higher || *higher == DType::Bool || (lower && is_floating(*lower))) return join(higher, lower);
    return higher;
  }
  void add(const Tensor& t) {
    MaybeDType& group = t.dim() ? tensors : scalars;
    group = join(group, t.dtype());
  }
  void add(const Scalar& s) { numbers = join(numbers, s.is_float() ? default_dtype() : s.dtype()); }
  DType result() const { return *below(tensors, below(scalars, numbers)); }
};
template <class A, class B>
DType result_of(const A& a, const B& b) {
  Operands operands;
  operands.add(a);
  operands.add(b);
  return operands.result();
}

}  // namespace

DType result_type(const Tensor& tensor, const Tensor& other) { return result_of(tensor, other); }
DType result_type(const Tensor& tensor, Scalar other) { return result_of(tensor, other); }
DType result_type(Scalar scalar, const Tensor& tensor) { return result_of(scalar, tensor); }
DType result_type(Scalar scalar1, Scalar scalar2) { return result_of(scalar1, scalar2); }

}  // namespace gradus
