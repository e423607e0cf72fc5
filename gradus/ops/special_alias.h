// The names that PyTorch's namespace `special` has for operators of the main namespace.
#pragma once
#include "gradus/gen/functions.h"
#include "gradus/ops/op.h"

namespace gradus {

inline constexpr Op special_digamma_op{"special_digamma(Tensor self) -> Tensor", "Another name of digamma.",
                                       Kind::Composite, "fo"};
inline constexpr Op special_psi_op{"special_psi(Tensor self) -> Tensor", "Another name of digamma.", Kind::Composite,
                                   "fo"};
inline constexpr Op special_gammaln_op{"special_gammaln(Tensor self) -> Tensor", "Another name of lgamma.",
                                       Kind::Composite, "fo"};
inline constexpr Op special_erf_op{"special_erf(Tensor self) -> Tensor", "Another name of erf.", Kind::Composite, "fo"};
inline constexpr Op special_erfc_op{"special_erfc(Tensor self) -> Tensor", "Another name of erfc.", Kind::Composite,
                                    "fo"};
inline constexpr Op special_erfinv_op{"special_erfinv(Tensor self) -> Tensor", "Another name of erfinv.",
                                      Kind::Composite, "fo"};
inline constexpr Op special_exp2_op{"special_exp2(Tensor self) -> Tensor", "Another name of exp2.", Kind::Composite,
                                    "fo"};
inline constexpr Op special_expm1_op{"special_expm1(Tensor self) -> Tensor", "Another name of expm1.", Kind::Composite,
                                     "fo"};
inline constexpr Op special_expit_op{"special_expit(Tensor self) -> Tensor", "Another name of sigmoid.",
                                     Kind::Composite, "fo"};
inline constexpr Op special_i0_op{"special_i0(Tensor self) -> Tensor", "Another name of i0.", Kind::Composite, "fo"};
inline constexpr Op special_log1p_op{"special_log1p(Tensor self) -> Tensor", "Another name of log1p.", Kind::Composite,
                                     "fo"};
inline constexpr Op special_sinc_op{"special_sinc(Tensor self) -> Tensor", "Another name of sinc.", Kind::Composite,
                                    "fo"};
inline constexpr Op special_logit_op{"special_logit(Tensor self, float? eps=None) -> Tensor", "Another name of logit.",
                                     Kind::Composite, "fo"};
inline constexpr Op special_multigammaln_op{"special_multigammaln(Tensor self, int p) -> Tensor",
                                            "Another name of mvlgamma.", Kind::Composite, "fo"};
inline constexpr Op special_polygamma_op{"special_polygamma(int n, Tensor self) -> Tensor",
                                         "Another name of polygamma.", Kind::Composite, "fo"};
inline constexpr Op special_round_op{"special_round(Tensor self, *, int decimals=0) -> Tensor",
                                     "Another name of round.", Kind::Composite, "fo"};
inline constexpr Op special_gammainc_op{"special_gammainc(Tensor self, Tensor other) -> Tensor",
                                        "Another name of igamma.", Kind::Composite, "fo"};
inline constexpr Op special_gammaincc_op{"special_gammaincc(Tensor self, Tensor other) -> Tensor",
                                         "Another name of igammac.", Kind::Composite, "fo"};
inline constexpr Op special_xlogy_op{"special_xlogy(Tensor self, Tensor other) -> Tensor", "Another name of xlogy.",
                                     Kind::Composite, "fo"};
inline constexpr Op special_xlogy_self_scalar_op{"special_xlogy.self_scalar(Scalar self, Tensor other) -> Tensor",
                                                 "Another name of xlogy.", Kind::Composite, "fo"};
inline constexpr Op special_xlogy_other_scalar_op{"special_xlogy.other_scalar(Tensor self, Scalar other) -> Tensor",
                                                  "Another name of xlogy.", Kind::Composite, "fo"};
inline constexpr Op special_softmax_op{"special_softmax(Tensor self, int dim, ScalarType? dtype=None) -> Tensor",
                                       "Another name of softmax.", Kind::Composite, "f"};
inline constexpr Op special_log_softmax_op{
    "special_log_softmax(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor", "Another name of log_softmax.",
    Kind::Composite, "f"};
inline constexpr Op special_logsumexp_op{"special_logsumexp(Tensor self, int[1] dim, bool keepdim=False) -> Tensor",
                                         "Another name of logsumexp.", Kind::Composite, "fo"};

}  // namespace gradus
