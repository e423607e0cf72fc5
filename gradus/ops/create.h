// Factories: tensors from sizes and numbers.
#pragma once
#include "gradus/gen/functions.h"
#include "gradus/ops/funnel.h"

namespace gradus {

struct Empty {
  static constexpr Op op{
      "empty.memory_format(SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? "
      "pin_memory=None, MemoryFormat? memory_format=None) -> Tensor",
      "A tensor with uninitialised elements.", Kind::Composite, "fo"};
  static void write_out(const Tensor* out, const IntList& size, OptDType dtype, std::optional<Layout>,
                        std::optional<Device>, std::optional<bool>, std::optional<MemoryFormat> format);
};
inline constexpr Op empty_strided_op{
    "empty_strided(SymInt[] size, SymInt[] stride, *, ScalarType? dtype=None, Layout? layout=None, Device? "
    "device=None, bool? pin_memory=None) -> Tensor",
    "A tensor with uninitialised elements and given strides.", Kind::Composite, "f"};
inline constexpr Op empty_like_op{
    "empty_like(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? "
    "pin_memory=None, MemoryFormat? memory_format=None) -> Tensor",
    "An uninitialised tensor shaped and laid out like self.", Kind::Composite, "f"};
inline constexpr Op new_empty_op{
    "new_empty(Tensor self, SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? "
    "pin_memory=None) -> Tensor",
    "An uninitialised tensor of self's dtype.", Kind::Composite, "m"};
inline constexpr Op new_empty_strided_op{
    "new_empty_strided(Tensor self, SymInt[] size, SymInt[] stride, *, ScalarType? dtype=None, Layout? layout=None, "
    "Device? device=None, bool? pin_memory=None) -> Tensor",
    "An uninitialised tensor of self's dtype with given strides.", Kind::Composite, "m"};
inline constexpr Op empty_permuted_op{
    "empty_permuted(SymInt[] size, int[] physical_layout, *, ScalarType? dtype=None, Layout? layout=None, Device? "
    "device=None, bool? pin_memory=None) -> Tensor",
    "A dense uninitialised tensor whose dims lie in memory in the given order.", Kind::Composite, "f"};
inline constexpr Op zeros_op{
    "zeros(SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) "
    "-> Tensor",
    "A tensor of zeros.", Kind::Composite, "fo"};
inline constexpr Op zeros_like_op{
    "zeros_like(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? "
    "pin_memory=None, MemoryFormat? memory_format=None) -> Tensor",
    "Zeros shaped like self.", Kind::Composite, "f"};
inline constexpr Op new_zeros_op{
    "new_zeros(Tensor self, SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? "
    "pin_memory=None) -> Tensor",
    "Zeros of self's dtype.", Kind::Composite, "m"};
inline constexpr Op ones_op{
    "ones(SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) "
    "-> Tensor",
    "A tensor of ones.", Kind::Composite, "fo"};
inline constexpr Op ones_like_op{
    "ones_like(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? "
    "pin_memory=None, MemoryFormat? memory_format=None) -> Tensor",
    "Ones shaped like self.", Kind::Composite, "f"};
inline constexpr Op new_ones_op{
    "new_ones(Tensor self, SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? "
    "pin_memory=None) -> Tensor",
    "Ones of self's dtype.", Kind::Composite, "m"};
inline constexpr Op full_op{
    "full(SymInt[] size, Scalar fill_value, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? "
    "pin_memory=None) -> Tensor",
    "A tensor of one number; its dtype follows the number.", Kind::Composite, "fo"};
inline constexpr Op full_like_op{
    "full_like(Tensor self, Scalar fill_value, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, "
    "bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor",
    "One number in the shape of self.", Kind::Composite, "f"};
inline constexpr Op new_full_op{
    "new_full(Tensor self, SymInt[] size, Scalar fill_value, *, ScalarType? dtype=None, Layout? layout=None, Device? "
    "device=None, bool? pin_memory=None) -> Tensor",
    "One number in self's dtype.", Kind::Composite, "m"};
inline constexpr Op scalar_tensor_op{
    "scalar_tensor(Scalar s, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? "
    "pin_memory=None) -> Tensor",
    "A zero-dim tensor of the default dtype.", Kind::Composite, "f"};
struct Arange {
  static constexpr Op op{
      "arange(Scalar end, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) "
      "-> "
      "Tensor",
      "0, 1, … below end.", Kind::Composite, "fo"};
  static void write_out(const Tensor* out, const Scalar& end, OptDType dtype, std::optional<Layout>,
                        std::optional<Device>, std::optional<bool>);
};
struct ArangeStep {
  static constexpr Op op{
      "arange.start_step(Scalar start, Scalar end, Scalar step=1, *, ScalarType? dtype=None, Layout? layout=None, "
      "Device? device=None, bool? pin_memory=None) -> Tensor",
      "start, start + step, … before end.", Kind::Composite, "fo"};
  static void write_out(const Tensor* out, const Scalar& start, const Scalar& end, const Scalar& step, OptDType dtype,
                        std::optional<Layout>, std::optional<Device>, std::optional<bool>);
};
struct Linspace {
  static constexpr Op op{
      "linspace(Scalar start, Scalar end, int steps, *, ScalarType? dtype=None, Layout? layout=None, Device? "
      "device=None, bool? pin_memory=None) -> Tensor",
      "steps numbers evenly from start to end, both included.", Kind::Composite, "fo"};
  static void write_out(const Tensor* out, const Scalar& start, const Scalar& end, int64_t steps, OptDType dtype,
                        std::optional<Layout>, std::optional<Device>, std::optional<bool>);
};
inline constexpr Op linspace_scalar_tensor_op{
    "linspace.Scalar_Tensor(Scalar start, Tensor end, int steps, *, ScalarType? dtype=None, Layout? layout=None, "
    "Device? "
    "device=None, bool? pin_memory=None) -> Tensor",
    "steps numbers evenly between zero-dim tensors.", Kind::Composite, "fo"};
inline constexpr Op linspace_tensor_scalar_op{
    "linspace.Tensor_Scalar(Tensor start, Scalar end, int steps, *, ScalarType? dtype=None, Layout? layout=None, "
    "Device? "
    "device=None, bool? pin_memory=None) -> Tensor",
    "steps numbers evenly between zero-dim tensors.", Kind::Composite, "fo"};
inline constexpr Op linspace_tensor_tensor_op{
    "linspace.Tensor_Tensor(Tensor start, Tensor end, int steps, *, ScalarType? dtype=None, Layout? layout=None, "
    "Device? "
    "device=None, bool? pin_memory=None) -> Tensor",
    "steps numbers evenly between zero-dim tensors.", Kind::Composite, "fo"};
inline constexpr Op eye_op{
    "eye(SymInt n, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> "
    "Tensor",
    "The identity matrix.", Kind::Composite, "fo"};
inline constexpr Op eye_m_op{
    "eye.m(SymInt n, SymInt m, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? "
    "pin_memory=None) -> Tensor",
    "Ones on the diagonal of an n by m matrix.", Kind::Composite, "fo"};

/// A tensor holding a copy of `values`, row-major.
template <class T>
Tensor tensor(const std::vector<T>& values, const IntList& sizes);

}  // namespace gradus
