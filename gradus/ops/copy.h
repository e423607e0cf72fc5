// Copies: values into other tensors, other dtypes, other layouts.
#pragma once
#include "gradus/gen/functions.h"
#include "gradus/ops/funnel.h"

namespace gradus {

/// The memory format that the strides of a tensor suggest, dense or not: channels last if they fall in that order.
MemoryFormat suggested_format(const Tensor& t);

struct Copy_ {
  static constexpr Op op{"copy_(Tensor(a!) self, Tensor src, bool non_blocking=False) -> Tensor(a!)",
                         "Overwrites self with src, broadcast and converted.", Kind::Composite, "m", "CopyBackwards"};
  static Tensor d0(const Tensor& g) { return zeros_like(g); }
  static Tensor d1(const Tensor& g) { return g; }
};

struct Clone {
  static constexpr Op op{"clone(Tensor self, *, MemoryFormat? memory_format=None) -> Tensor",
                         "A copy with memory of its own, in the same layout.", Kind::Structured, "fm"};
  static constexpr bool copies = true;
  static void infer(Call& c, const Tensor& self, std::optional<MemoryFormat> memory_format);
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g) { return g; }
};

struct ToCopy {
  static constexpr Op op{
      "_to_copy(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? "
      "pin_memory=None, bool non_blocking=False, MemoryFormat? memory_format=None) -> Tensor",
      "A copy in another dtype.", Kind::Structured, "f"};
  static void infer(Call& c, const Tensor& self, OptDType dtype, std::optional<Layout> layout,
                    std::optional<Device> device, std::optional<bool> pin_memory, bool non_blocking,
                    std::optional<MemoryFormat> memory_format);
  static constexpr bool copies = true;
  static void run(const Launch& l) { Clone::run(l); }
  static Tensor d0(const Tensor& g, const Shape<0>& s) { return g.to(s.dtype); }
};

inline constexpr Op to_device_op{
    "to.device(Tensor(a) self, Device device, ScalarType dtype, bool non_blocking=False, bool copy=False, "
    "MemoryFormat? memory_format=None) -> Tensor(a)",
    "self on a device in a dtype; self itself if nothing changes.", Kind::Composite, "m"};
inline constexpr Op to_dtype_op{
    "to.dtype(Tensor(a) self, ScalarType dtype, bool non_blocking=False, bool copy=False, MemoryFormat? "
    "memory_format=None) -> Tensor(a)",
    "self in another dtype; self itself if it has it.", Kind::Composite, "m"};
inline constexpr Op to_layout_op{
    "to.dtype_layout(Tensor(a) self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? "
    "pin_memory=None, bool non_blocking=False, bool copy=False, MemoryFormat? memory_format=None) -> Tensor(a)",
    "self with other properties; self itself if nothing changes.", Kind::Composite, "m"};
inline constexpr Op to_other_op{
    "to.other(Tensor(a) self, Tensor other, bool non_blocking=False, bool copy=False, MemoryFormat? "
    "memory_format=None) -> Tensor(a)",
    "self in the dtype of another tensor.", Kind::Composite, "m"};
inline constexpr Op type_as_op{"type_as(Tensor self, Tensor other) -> Tensor", "self in the dtype of other.",
                               Kind::Composite, "m"};

inline constexpr Op real_op{"real(Tensor(a) self) -> Tensor(a)", "self: no tensor here has an imaginary part.",
                            Kind::Composite, "f"};
inline constexpr Op contiguous_op{
    "contiguous(Tensor(a) self, *, MemoryFormat memory_format=contiguous_format) -> Tensor(a)",
    "self if it is contiguous, else a contiguous copy.", Kind::Composite, "m"};

struct FillScalar_ {
  static constexpr Op op{"fill_.Scalar(Tensor(a!) self, Scalar value) -> Tensor(a!)", "Sets every element to a number.",
                         Kind::Composite, "fm", "FillBackward2"};
  static Tensor d0(const Tensor& g) { return zeros_like(g); }
};
struct FillTensor_ {
  static constexpr Op op{"fill_.Tensor(Tensor(a!) self, Tensor value) -> Tensor(a!)",
                         "Sets every element to a zero-dim tensor.", Kind::Composite, "fm", "FillBackward3"};
  static Tensor d0(const Tensor& g) { return zeros_like(g); }
  static Tensor d1(const Tensor& g) { return g.sum(); }
};
struct FillScalar {
  static constexpr Op op{"fill.Scalar(Tensor self, Scalar value) -> Tensor",
                         "A tensor like self with every element the number.", Kind::Compound, "f"};
  static Tensor forward(const Tensor& self, Scalar value) { return empty_like(self).fill_(value); }
  static Tensor d0(const Tensor& g) { return zeros_like(g); }
};
struct FillTensor {
  static constexpr Op op{"fill.Tensor(Tensor self, Tensor value) -> Tensor",
                         "A tensor like self with every element the value of a zero-dim tensor.", Kind::Compound, "f",
                         "FillBackward1"};
  static Tensor forward(const Tensor& self, const Tensor& value) { return empty_like(self).fill_(value); }
  static Tensor d0(const Tensor& g) { return zeros_like(g); }
  static Tensor d1(const Tensor& g) { return g.sum(); }
};
struct Zero_ {
  static constexpr Op op{"zero_(Tensor(a!) self) -> Tensor(a!)", "Sets every element to zero.", Kind::Composite, "fm",
                         "ZeroBackward0"};
  static Tensor d0(const Tensor& g) { return zeros_like(g); }
};

}  // namespace gradus
