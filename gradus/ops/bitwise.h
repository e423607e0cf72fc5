// Bitwise logic of integers and bools, element by element.
#pragma once
#include "gradus/core/format.h"
#include "gradus/gen/functions.h"
#include "gradus/kernels/math.h"
#include "gradus/ops/pointwise_check.h"
#include "gradus/ops/rule.h"

namespace gradus {

struct BitwiseAnd {
  static constexpr Op op{"bitwise_and.Tensor(Tensor self, Tensor other) -> Tensor", "Bitwise and; logical on bools.",
                         Kind::PromoteInt, "fmio"};
  static auto value(auto a, auto b) { return a & b; }
};
struct BitwiseAndScalar {
  static constexpr Op op{"bitwise_and.Scalar(Tensor self, Scalar other) -> Tensor", "Bitwise and with a number.",
                         Kind::PromoteInt, "fmio"};
  static auto value(auto a, auto b) { return a & b; }
};
struct BitwiseAndOfScalar {
  static constexpr Op op{"bitwise_and.Scalar_Tensor(Scalar self, Tensor other) -> Tensor", "Bitwise and of a number.",
                         Kind::PromoteInt, "f"};
  static auto value(auto a, auto b) { return a & b; }
};
inline constexpr Op and_operator_op{"__and__.Tensor(Tensor self, Tensor other) -> Tensor",
                                    "Another name of bitwise_and.", Kind::Composite, "m"};
inline constexpr Op and_scalar_operator_op{"__and__.Scalar(Tensor self, Scalar other) -> Tensor",
                                           "Another name of bitwise_and.", Kind::Composite, "m"};
inline constexpr Op and_inplace_operator_op{"__iand__.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)",
                                            "Another name of bitwise_and_.", Kind::Composite, "m"};
inline constexpr Op and_scalar_inplace_operator_op{"__iand__.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)",
                                                   "Another name of bitwise_and_.", Kind::Composite, "m"};

struct BitwiseOr {
  static constexpr Op op{"bitwise_or.Tensor(Tensor self, Tensor other) -> Tensor", "Bitwise or; logical on bools.",
                         Kind::PromoteInt, "fmio"};
  static auto value(auto a, auto b) { return a | b; }
};
struct BitwiseOrScalar {
  static constexpr Op op{"bitwise_or.Scalar(Tensor self, Scalar other) -> Tensor", "Bitwise or with a number.",
                         Kind::PromoteInt, "fmio"};
  static auto value(auto a, auto b) { return a | b; }
};
struct BitwiseOrOfScalar {
  static constexpr Op op{"bitwise_or.Scalar_Tensor(Scalar self, Tensor other) -> Tensor", "Bitwise or of a number.",
                         Kind::PromoteInt, "f"};
  static auto value(auto a, auto b) { return a | b; }
};
inline constexpr Op or_operator_op{"__or__.Tensor(Tensor self, Tensor other) -> Tensor", "Another name of bitwise_or.",
                                   Kind::Composite, "m"};
inline constexpr Op or_scalar_operator_op{"__or__.Scalar(Tensor self, Scalar other) -> Tensor",
                                          "Another name of bitwise_or.", Kind::Composite, "m"};
inline constexpr Op or_inplace_operator_op{"__ior__.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)",
                                           "Another name of bitwise_or_.", Kind::Composite, "m"};
inline constexpr Op or_scalar_inplace_operator_op{"__ior__.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)",
                                                  "Another name of bitwise_or_.", Kind::Composite, "m"};

struct BitwiseXor {
  static constexpr Op op{"bitwise_xor.Tensor(Tensor self, Tensor other) -> Tensor", "Bitwise xor; logical on bools.",
                         Kind::PromoteInt, "fmio"};
  static auto value(auto a, auto b) { return a ^ b; }
};
struct BitwiseXorScalar {
  static constexpr Op op{"bitwise_xor.Scalar(Tensor self, Scalar other) -> Tensor", "Bitwise xor with a number.",
                         Kind::PromoteInt, "fmio"};
  static auto value(auto a, auto b) { return a ^ b; }
};
struct BitwiseXorOfScalar {
  static constexpr Op op{"bitwise_xor.Scalar_Tensor(Scalar self, Tensor other) -> Tensor", "Bitwise xor of a number.",
                         Kind::PromoteInt, "f"};
  static auto value(auto a, auto b) { return a ^ b; }
};
inline constexpr Op xor_operator_op{"__xor__.Tensor(Tensor self, Tensor other) -> Tensor",
                                    "Another name of bitwise_xor.", Kind::Composite, "m"};
inline constexpr Op xor_scalar_operator_op{"__xor__.Scalar(Tensor self, Scalar other) -> Tensor",
                                           "Another name of bitwise_xor.", Kind::Composite, "m"};
inline constexpr Op xor_inplace_operator_op{"__ixor__.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)",
                                            "Another name of bitwise_xor_.", Kind::Composite, "m"};
inline constexpr Op xor_scalar_inplace_operator_op{"__ixor__.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)",
                                                   "Another name of bitwise_xor_.", Kind::Composite, "m"};

struct BitwiseNotInt {
  static constexpr Op op{"_gradus_bitwise_not(Tensor self) -> Tensor", "Complement of every bit.", Kind::Promote, ""};
  static auto value(auto a) {
    if constexpr (decltype(a)(0.5) == 0) return ~a;
    else return a;
  }
  static void validate(DType common) {
    if (is_floating(common)) raise_unsupported("bitwise_not_cpu", common);
  }
};
inline constexpr Op bitwise_not_op{"bitwise_not(Tensor self) -> Tensor", "Complement of every bit; negation of bools.",
                                   Kind::Composite, "fmo"};
inline constexpr Op bitwise_not_inplace_op{"bitwise_not_(Tensor(a!) self) -> Tensor(a!)",
                                           "Complements every bit of self.", Kind::Composite, "m"};

namespace detail {
inline void check_shift(const char* kernel, DType common) {
  if (!is_integral(common)) raise_unsupported(kernel, common);
}
// Shifts by less than 0 or by the width and more drop every bit.
template <class T>
inline __attribute__((always_inline)) T shift_left(T a, T b) {
  if constexpr (T(0.5) == 0) return b < 0 || b >= T(8 * sizeof(T)) ? T(0) : a << (b & T(8 * sizeof(T) - 1));
  else return a;
}
template <class T>
inline __attribute__((always_inline)) T shift_right(T a, T b) {
  constexpr T last = T(8 * sizeof(T) - 1);
  if constexpr (T(0.5) == 0) return a >> (b < 0 || b > last ? last : b);
  else return a;
}
}  // namespace detail

struct BitwiseLeftShift {
  static constexpr Op op{"bitwise_left_shift.Tensor(Tensor self, Tensor other) -> Tensor",
                         "Shift to the left by other bits.", Kind::Promote, "fmio"};
  static auto value(auto a, auto b) { return detail::shift_left(a, b); }
  static void validate(DType common) { detail::check_shift("lshift_cpu", common); }
};
struct BitwiseLeftShiftScalar {
  static constexpr Op op{"bitwise_left_shift.Tensor_Scalar(Tensor self, Scalar other) -> Tensor",
                         "Shift to the left by a number of bits.", Kind::Promote, "fmio"};
  static auto value(auto a, auto b) { return detail::shift_left(a, b); }
  static void validate(DType common) { detail::check_shift("lshift_cpu", common); }
};
struct BitwiseLeftShiftOfScalar {
  static constexpr Op op{"bitwise_left_shift.Scalar_Tensor(Scalar self, Tensor other) -> Tensor",
                         "Shift to the left of a number.", Kind::Promote, "f"};
  static auto value(auto a, auto b) { return detail::shift_left(a, b); }
  static void validate(DType common) { detail::check_shift("lshift_cpu", common); }
};
inline constexpr Op bitwise_left_shift_operator_op{"__lshift__.Tensor(Tensor self, Tensor other) -> Tensor",
                                                   "Another name of bitwise_left_shift.", Kind::Composite, "m"};
inline constexpr Op bitwise_left_shift_scalar_operator_op{"__lshift__.Scalar(Tensor self, Scalar other) -> Tensor",
                                                          "Another name of bitwise_left_shift.", Kind::Composite, "m"};
struct BitwiseRightShift {
  static constexpr Op op{"bitwise_right_shift.Tensor(Tensor self, Tensor other) -> Tensor",
                         "Shift to the right, with the sign by other bits.", Kind::Promote, "fmio"};
  static auto value(auto a, auto b) { return detail::shift_right(a, b); }
  static void validate(DType common) { detail::check_shift("rshift_cpu", common); }
};
struct BitwiseRightShiftScalar {
  static constexpr Op op{"bitwise_right_shift.Tensor_Scalar(Tensor self, Scalar other) -> Tensor",
                         "Shift to the right, with the sign by a number of bits.", Kind::Promote, "fmio"};
  static auto value(auto a, auto b) { return detail::shift_right(a, b); }
  static void validate(DType common) { detail::check_shift("rshift_cpu", common); }
};
struct BitwiseRightShiftOfScalar {
  static constexpr Op op{"bitwise_right_shift.Scalar_Tensor(Scalar self, Tensor other) -> Tensor",
                         "Shift to the right, with the sign of a number.", Kind::Promote, "f"};
  static auto value(auto a, auto b) { return detail::shift_right(a, b); }
  static void validate(DType common) { detail::check_shift("rshift_cpu", common); }
};
inline constexpr Op bitwise_right_shift_operator_op{"__rshift__.Tensor(Tensor self, Tensor other) -> Tensor",
                                                    "Another name of bitwise_right_shift.", Kind::Composite, "m"};
inline constexpr Op bitwise_right_shift_scalar_operator_op{"__rshift__.Scalar(Tensor self, Scalar other) -> Tensor",
                                                           "Another name of bitwise_right_shift.", Kind::Composite,
                                                           "m"};

}  // namespace gradus
