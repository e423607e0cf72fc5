// Operators that change which memory a tensor looks at, and how much of it there is.
#pragma once
#include "gradus/gen/functions.h"
#include "gradus/ops/funnel.h"

namespace gradus {

inline constexpr Op resize_op{
    "resize_(Tensor(a!) self, SymInt[] size, *, MemoryFormat? memory_format=None) -> Tensor(a!)",
    "Another shape over the same storage, which grows if it must; new elements are uninitialised.", Kind::Composite,
    "m"};
inline constexpr Op resize_as_op{
    "resize_as_(Tensor(a!) self, Tensor the_template, *, MemoryFormat? memory_format=None) -> Tensor(a!)",
    "resize_ to the shape of another tensor.", Kind::Composite, "fm"};

/// What autograd sees of set_: a value without a derivative.
struct SetEmpty {
  static constexpr Op op{"set_(Tensor(a!) self) -> Tensor(a!)", "Makes self an empty tensor over a fresh storage.",
                         Kind::Composite, "m", "NotImplemented"};
  static Tensor d0(const Tensor& g);
};
inline constexpr Op set_storage_op{"set_.source_Storage(Tensor(a!) self, Storage source) -> Tensor(a!)",
                                   "Makes self a vector over all of a storage.", Kind::Composite, "m"};
inline constexpr Op set_storage_offset_op{
    "set_.source_Storage_storage_offset(Tensor(a!) self, Storage source, SymInt storage_offset, SymInt[] size, "
    "SymInt[] stride=[]) -> Tensor(a!)",
    "Makes self a view of a storage, which grows if it must.", Kind::Composite, "m"};
inline constexpr Op set_tensor_op{"set_.source_Tensor(Tensor(a!) self, Tensor source) -> Tensor(a!)",
                                  "Makes self look at the memory of source, with its shape and strides.",
                                  Kind::Composite, "m"};
inline constexpr Op set_tensor_offset_op{
    "set_.source_Tensor_storage_offset(Tensor(a!) self, Tensor source, SymInt storage_offset, SymInt[] size, SymInt[] "
    "stride=[]) -> Tensor(a!)",
    "Makes self a view of the storage of source, which grows if it must.", Kind::Composite, "m"};

}  // namespace gradus
