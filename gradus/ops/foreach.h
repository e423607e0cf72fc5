// Operators on lists of tensors: each does to every tensor of a list what the operator of its name does to one.
#pragma once
#include "gradus/gen/functions.h"
#include "gradus/ops/family.h"
#include "gradus/ops/op.h"

namespace gradus {

inline constexpr Family foreach_unary{
    "_foreach_{}(Tensor[] self) -> Tensor[]", "{} of every tensor.",
    "abs acos asin atan ceil cos cosh erf erfc exp expm1 floor frac lgamma log log10 log1p log2 neg reciprocal round "
    "rsqrt sigmoid sign sin sinh sqrt tan tanh trunc",
    "{}(self[i])", "{}_(self[i])"};
inline constexpr Family foreach_zero{"_foreach_{}(Tensor[] self) -> Tensor[]",
                                     "Sets every element of every tensor to 0.", "zero", "", "{}_(self[i])"};
inline constexpr Family foreach_copy{"_foreach_{}(Tensor[] self, Tensor[] src, bool non_blocking=False) -> Tensor[]",
                                     "Copies the tensors of one list into those of another.", "copy", "",
                                     "{}_(self[i], src[i], non_blocking)"};
inline constexpr Family foreach_clone{"_foreach_{}(Tensor[] self, *, MemoryFormat? memory_format=None) -> Tensor[]",
                                      "A copy of every tensor.", "clone", "{}(self[i], memory_format)", ""};
inline constexpr Family foreach_max{"_foreach_{}(Tensor[] self) -> Tensor[]", "The largest element of every tensor.",
                                    "max", "largest_of(self[i])", ""};
inline constexpr Family foreach_norm{
    "_foreach_{}.Scalar(Tensor[] self, Scalar ord=2, ScalarType? dtype=None) -> "
    "Tensor[]",
    "The vector norm of every tensor.", "norm", "norm_of(self[i], ord, dtype)", ""};
inline constexpr Family foreach_powsum{
    "_foreach_{}.Scalar(Tensor[] self, Scalar ord=2, ScalarType? dtype=None) -> "
    "Tensor[]",
    "The sum of |x|^ord of every tensor.", "powsum", "power_sum_of(self[i], ord, dtype)", ""};
inline constexpr Family foreach_mm{"_foreach_{}(Tensor[] self, Tensor[] mat2) -> Tensor[]",
                                   "The matrix products of two lists.", "mm", "{}(self[i], mat2[i])", ""};

// ---- two operands: a list, a number, a list of numbers, a zero-dim tensor

inline constexpr Family foreach_sum_list{
    "_foreach_{}.List(Tensor[] self, Tensor[] other, *, Scalar alpha=1) -> Tensor[]", "{} of the tensors of two lists.",
    "add sub", "{}(self[i], other[i], alpha)", "{}_(self[i], other[i], alpha)"};
inline constexpr Family foreach_sum_tensor{
    "_foreach_{}.Tensor(Tensor[] self, Tensor other, *, Scalar alpha=1) -> Tensor[]",
    "{} of every tensor and a zero-dim one.", "add", "{}(self[i], zero_dim(other), alpha)",
    "{}_(self[i], zero_dim(other), alpha)"};
inline constexpr Family foreach_product_list{"_foreach_{}.List(Tensor[] self, Tensor[] other) -> Tensor[]",
                                             "{} of the tensors of two lists.", "mul div clamp_min clamp_max",
                                             "{}(self[i], other[i])", "{}_(self[i], other[i])"};
inline constexpr Family foreach_product_tensor{"_foreach_{}.Tensor(Tensor[] self, Tensor other) -> Tensor[]",
                                               "{} of every tensor and a zero-dim one.", "mul div",
                                               "{}(self[i], zero_dim(other))", "{}_(self[i], zero_dim(other))"};
inline constexpr Family foreach_number{"_foreach_{}.Scalar(Tensor[] self, Scalar scalar) -> Tensor[]",
                                       "{} of every tensor and a number.", "add sub mul div clamp_min clamp_max",
                                       "{}(self[i], scalar)", "{}_(self[i], scalar)"};
inline constexpr Family foreach_numbers{
    "_foreach_{}.ScalarList(Tensor[] self, Scalar[] scalars) -> Tensor[]", "{} of the tensors of a list and numbers.",
    "add sub mul div clamp_min clamp_max", "{}(self[i], number(scalars, i))", "{}_(self[i], number(scalars, i))"};

inline constexpr Family foreach_maximum_list{"_foreach_{}.List(Tensor[] self, Tensor[] other) -> Tensor[]",
                                             "The larger of the tensors of two lists.", "maximum",
                                             "maximum(self[i], other[i])", "clamp_min_(self[i], other[i])"};
inline constexpr Family foreach_maximum{"_foreach_{}.Scalar(Tensor[] self, Scalar scalar) -> Tensor[]",
                                        "The larger of every tensor and a number.", "maximum",
                                        "clamp_min(self[i], scalar)", "clamp_min_(self[i], scalar)"};
inline constexpr Family foreach_maximum_numbers{"_foreach_{}.ScalarList(Tensor[] self, Scalar[] scalars) -> Tensor[]",
                                                "The larger of the tensors of a list and numbers.", "maximum",
                                                "clamp_min(self[i], number(scalars, i))",
                                                "clamp_min_(self[i], number(scalars, i))"};
inline constexpr Family foreach_minimum_list{"_foreach_{}.List(Tensor[] self, Tensor[] other) -> Tensor[]",
                                             "The smaller of the tensors of two lists.", "minimum",
                                             "minimum(self[i], other[i])", "clamp_max_(self[i], other[i])"};
inline constexpr Family foreach_minimum{"_foreach_{}.Scalar(Tensor[] self, Scalar scalar) -> Tensor[]",
                                        "The smaller of every tensor and a number.", "minimum",
                                        "clamp_max(self[i], scalar)", "clamp_max_(self[i], scalar)"};
inline constexpr Family foreach_minimum_numbers{"_foreach_{}.ScalarList(Tensor[] self, Scalar[] scalars) -> Tensor[]",
                                                "The smaller of the tensors of a list and numbers.", "minimum",
                                                "clamp_max(self[i], number(scalars, i))",
                                                "clamp_max_(self[i], number(scalars, i))"};

inline constexpr Family foreach_pow_list{"_foreach_{}.List(Tensor[] self, Tensor[] exponent) -> Tensor[]",
                                         "Powers of the tensors of a list, by those of another.", "pow",
                                         "{}(self[i], exponent[i])", "{}_(self[i], exponent[i])"};
inline constexpr Family foreach_pow{"_foreach_{}.Scalar(Tensor[] self, Scalar exponent) -> Tensor[]",
                                    "Every tensor to the power of a number.", "pow", "{}(self[i], exponent)",
                                    "{}_(self[i], exponent)"};
inline constexpr Family foreach_pow_numbers{"_foreach_{}.ScalarList(Tensor[] self, Scalar[] exponent) -> Tensor[]",
                                            "The tensors of a list to the powers of numbers.", "pow",
                                            "{}(self[i], number(exponent, i))", "{}_(self[i], number(exponent, i))"};
inline constexpr Family foreach_pow_of_number{"_foreach_{}.ScalarAndTensor(Scalar self, Tensor[] exponent) -> Tensor[]",
                                              "A number to the power of every tensor.", "pow", "{}(self, exponent[i])",
                                              ""};

// ---- three operands

inline constexpr Family foreach_fused{
    "_foreach_{}.Scalar(Tensor[] self, Tensor[] tensor1, Tensor[] tensor2, Scalar value=1) -> Tensor[]",
    "{} of the tensors of three lists.", "addcmul addcdiv", "{}(self[i], tensor1[i], tensor2[i], value)",
    "{}_(self[i], tensor1[i], tensor2[i], value)"};
inline constexpr Family foreach_fused_numbers{
    "_foreach_{}.ScalarList(Tensor[] self, Tensor[] tensor1, Tensor[] tensor2, Scalar[] scalars) -> Tensor[]",
    "{} of the tensors of three lists, each with its own factor.", "addcmul addcdiv",
    "{}(self[i], tensor1[i], tensor2[i], number(scalars, i))",
    "{}_(self[i], tensor1[i], tensor2[i], number(scalars, i))"};
inline constexpr Family foreach_fused_packed{
    "_foreach_{}.Tensor(Tensor[] self, Tensor[] tensor1, Tensor[] tensor2, Tensor scalars) -> Tensor[]",
    "{} of the tensors of three lists, with factors from a tensor.", "addcmul addcdiv",
    "{}(self[i], tensor1[i], tensor2[i], unpacked(scalars, i, self.size()))",
    "{}_(self[i], tensor1[i], tensor2[i], unpacked(scalars, i, self.size()))"};
inline constexpr Family foreach_lerp_list{
    "_foreach_{}.List(Tensor[] self, Tensor[] tensors1, Tensor[] weights) -> Tensor[]",
    "lerp of the tensors of two lists by those of a third.", "lerp", "{}(self[i], tensors1[i], weights[i])",
    "{}_(self[i], tensors1[i], weights[i])"};
inline constexpr Family foreach_lerp{"_foreach_{}.Scalar(Tensor[] self, Tensor[] tensors1, Scalar weight) -> Tensor[]",
                                     "lerp of the tensors of two lists by a number.", "lerp",
                                     "{}(self[i], tensors1[i], weight)", "{}_(self[i], tensors1[i], weight)"};
inline constexpr Family foreach_lerp_numbers{
    "_foreach_{}.ScalarList(Tensor[] self, Tensor[] tensors1, Scalar[] weight) -> Tensor[]",
    "lerp of the tensors of two lists by numbers.", "lerp", "{}(self[i], tensors1[i], number(weight, i))",
    "{}_(self[i], tensors1[i], number(weight, i))"};

// ---- what the generated functions are made of

/// RuntimeError for a list without tensors.
void check_list(TensorList list);
/// Raises for any that may not be written in place, before any is.
void check_written(TensorList list);
/// RuntimeError unless both have as many elements.
void check_lists(TensorList list, TensorList other);
void check_lists(TensorList list, ScalarList numbers);
/// RuntimeError unless the tensor is zero-dim.
const Tensor& zero_dim(const Tensor& t);
inline const Scalar& number(ScalarList numbers, int64_t i) { return numbers[static_cast<size_t>(i)]; }
/// Element i of a 1-D tensor of n numbers; RuntimeError for other shapes.
Scalar unpacked(const Tensor& numbers, int64_t i, int64_t n);
Tensor largest_of(const Tensor& t);
/// The vector norm over all elements, computed in `dtype` if given.
Tensor norm_of(const Tensor& t, const Scalar& ord, OptDType dtype);
Tensor power_sum_of(const Tensor& t, const Scalar& ord, OptDType dtype);

template <class F>
Tensors list_of(TensorList list, F&& f) {
  Tensors out;
  out.reserve(static_cast<size_t>(list.size()));
  for (int64_t i = 0; i < list.size(); ++i) out.push_back(f(i));
  return out;
}
template <class F>
void for_each_of(TensorList list, F&& f) {
  for (int64_t i = 0; i < list.size(); ++i) f(i);
}

namespace detail {
void for_each_alike(const TensorList* lists, int n, void (*call)(const void* f, int64_t i), const void* f);
}
/// f(i) for every place of the lists: it writes to the tensor of the last one, and nothing else differs from place to
/// place but the tensors that it reads from the others.
template <class F, class... Lists>
void for_each_alike(const F& f, const Lists&... lists) {
  const TensorList all[] = {lists...};
  detail::for_each_alike(
      all, sizeof...(lists), [](const void* g, int64_t i) { (*static_cast<const F*>(g))(i); }, &f);
}

}  // namespace gradus
