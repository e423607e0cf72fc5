// Joins along particular dims, grids, and other tensors made of several.
#pragma once
#include "gradus/gen/functions.h"
#include "gradus/ops/funnel.h"

namespace gradus {

struct HStack {
  static constexpr Op op{"hstack(Tensor[] tensors) -> Tensor", "Joins side by side.", Kind::Composite, "fo"};
  static constexpr bool differentiable = true;
  static void write_out(const Tensor* out, const TensorList& tensors);
};
struct VStack {
  static constexpr Op op{"vstack(Tensor[] tensors) -> Tensor", "Joins one below the other.", Kind::Composite, "fo"};
  static constexpr bool differentiable = true;
  static void write_out(const Tensor* out, const TensorList& tensors);
};
struct DStack {
  static constexpr Op op{"dstack(Tensor[] tensors) -> Tensor", "Joins along dim 2.", Kind::Composite, "fo"};
  static constexpr bool differentiable = true;
  static void write_out(const Tensor* out, const TensorList& tensors);
};
struct RowStack {
  static constexpr Op op{"row_stack(Tensor[] tensors) -> Tensor", "Another name of vstack.", Kind::Composite, "fo"};
  static constexpr bool differentiable = true;
  static void write_out(const Tensor* out, const TensorList& tensors) { VStack::write_out(out, tensors); }
};
struct ColumnStack {
  static constexpr Op op{"column_stack(Tensor[] tensors) -> Tensor", "Joins side by side; vectors become columns.",
                         Kind::Composite, "fo"};
  static constexpr bool differentiable = true;
  static void write_out(const Tensor* out, const TensorList& tensors);
};

inline constexpr Op meshgrid_op{"meshgrid(Tensor[] tensors) -> Tensor[]",
                                "Views of vectors as coordinates of a grid, first dim first.", Kind::Composite, "f"};
inline constexpr Op meshgrid_indexing_op{"meshgrid.indexing(Tensor[] tensors, *, str indexing) -> Tensor[]",
                                         "Views of vectors as coordinates of a grid; \"xy\" exchanges the first two "
                                         "dims.",
                                         Kind::Composite, "f"};
inline constexpr Op cartesian_prod_op{"cartesian_prod(Tensor[] tensors) -> Tensor",
                                      "All combinations of one element of each vector, [n, number of vectors].",
                                      Kind::Composite, "f"};
inline constexpr Op combinations_op{"combinations(Tensor self, int r=2, bool with_replacement=False) -> Tensor",
                                    "All ways to take r elements of a vector, in order, [n, r].", Kind::Composite, "f"};

struct BlockDiag {
  static constexpr Op op{"block_diag(Tensor[] tensors) -> Tensor", "A matrix with the given ones along its diagonal.",
                         Kind::Compound, "f"};
  static Tensor forward(TensorList tensors);
  static Tensors d0(const Tensor& g, const Shapes<0>& shapes);
};

inline constexpr Op vander_op{"vander(Tensor x, int? N=None, bool increasing=False) -> Tensor",
                              "Powers of the elements of a vector, N of them in each row, the highest first.",
                              Kind::Composite, "f"};

inline constexpr Op linalg_vander_op{"linalg_vander(Tensor x, *, SymInt? N=None) -> Tensor",
                                     "Powers of the elements of vectors in a new last dim, the lowest first.",
                                     Kind::Composite, "n"};

}  // namespace gradus
