// What tensors and dtypes say about themselves: predicates, promotion, and what is the identity for dense real tensors.
#pragma once
#include "gradus/gen/functions.h"
#include "gradus/ops/op.h"

namespace gradus {

inline constexpr Op is_floating_point_op{"is_floating_point(Tensor self) -> bool", "True for tensors of floats.",
                                         Kind::Composite, "f"};
inline constexpr Op is_complex_op{"is_complex(Tensor self) -> bool", "True for tensors of complex numbers.",
                                  Kind::Composite, "fm"};
inline constexpr Op is_signed_op{"is_signed(Tensor self) -> bool", "True if the dtype has negative numbers.",
                                 Kind::Composite, "fm"};
inline constexpr Op is_conj_op{"is_conj(Tensor self) -> bool", "False: nothing is conjugated lazily.", Kind::Composite,
                               "fm"};
inline constexpr Op is_neg_op{"is_neg(Tensor self) -> bool", "False: nothing is negated lazily.", Kind::Composite,
                              "fm"};
inline constexpr Op is_nonzero_op{"is_nonzero(Tensor self) -> bool",
                                  "Whether the only element differs from zero; raises unless there is one.",
                                  Kind::Composite, "fm"};
inline constexpr Op is_same_size_op{"is_same_size(Tensor self, Tensor other) -> bool", "Whether the sizes are equal.",
                                    Kind::Composite, "fm"};
inline constexpr Op is_set_to_op{"is_set_to(Tensor self, Tensor tensor) -> bool",
                                 "Whether both look at the same memory in the same way.", Kind::Composite, "m"};
inline constexpr Op is_distributed_op{"is_distributed(Tensor self) -> bool", "False.", Kind::Composite, "fm"};
inline constexpr Op is_coalesced_op{"is_coalesced(Tensor self) -> bool", "Raises: tensors are dense.", Kind::Composite,
                                    "m"};
inline constexpr Op sparse_dim_op{"sparse_dim(Tensor self) -> int", "0: tensors are dense.", Kind::Composite, "m"};
inline constexpr Op dense_dim_op{"dense_dim(Tensor self) -> int", "Number of dims: tensors are dense.", Kind::Composite,
                                 "m"};

inline constexpr Op to_dense_op{"to_dense(Tensor self, ScalarType? dtype=None, *, bool? masked_grad=None) -> Tensor",
                                "self, converted if a dtype is given: tensors are dense.", Kind::Composite, "m"};
inline constexpr Op resolve_conj_op{"resolve_conj(Tensor(a) self) -> Tensor(a)", "self.", Kind::Composite, "fm"};
inline constexpr Op resolve_neg_op{"resolve_neg(Tensor(a) self) -> Tensor(a)", "self.", Kind::Composite, "fm"};

inline constexpr Op promote_types_op{"promote_types(ScalarType type1, ScalarType type2) -> ScalarType",
                                     "The smallest dtype both convert to.", Kind::Composite, "f"};
inline constexpr Op result_type_op{"result_type.Tensor(Tensor tensor, Tensor other) -> ScalarType",
                                   "The dtype in which an operation on both is done.", Kind::Composite, "f"};
inline constexpr Op result_type_scalar_op{"result_type.Scalar(Tensor tensor, Scalar other) -> ScalarType",
                                          "The dtype in which an operation on both is done.", Kind::Composite, "f"};
inline constexpr Op result_type_reflected_op{"result_type.Scalar_Tensor(Scalar scalar, Tensor tensor) -> ScalarType",
                                             "The dtype in which an operation on both is done.", Kind::Composite, "f"};
inline constexpr Op result_type_scalars_op{"result_type.Scalar_Scalar(Scalar scalar1, Scalar scalar2) -> ScalarType",
                                           "The dtype in which an operation on both is done.", Kind::Composite, "f"};

}  // namespace gradus
