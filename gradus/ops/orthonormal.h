// Orthonormal rows, for initialisation.
#pragma once
#include "gradus/gen/functions.h"
#include "gradus/ops/funnel.h"

namespace gradus {

struct OrthonormalRows {
  static constexpr Op op{"_gradus_orthonormal_rows(Tensor self) -> Tensor",
                         "Rows [n, m], n <= m, made orthonormal one after the other; computed in double.",
                         Kind::Structured, "f"};
  static void infer(Call& c, const Tensor& self);
  static void run(const Launch& l);
};

}  // namespace gradus
