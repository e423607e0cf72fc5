// Normalisation over groups of channels and over batches, with gradients.
//
// All arrays are contiguous, of one dtype (float32 or float64); an array without data is absent. An input has the
// shape [n, channels, inner]. Sums along rows and columns are canonical (see reduce.h); sums over rows of those are
// taken in order, so results depend on sizes only.
#pragma once
#include "gradus/core/array.h"

namespace gradus {

struct NormShape {
  int64_t n, channels, inner;
  int64_t groups = 1;  // of channels
};

/// Group normalisation, layer normalisation being one group with inner = 1: every (sample, group) is normalised by its
/// own mean and biased variance, then scaled and shifted by channel. `mean` and `rstd` have n * groups elements.
void group_norm(const NormShape& shape, const Array& x, const Array& weight, const Array& bias, double eps,
                const Array& y, const Array& mean, const Array& rstd);

/// Its gradients; those without data are not computed, dweight and dbias go together.
void group_norm_backward(const NormShape& shape, const Array& grad, const Array& x, const Array& weight,
                         const Array& mean, const Array& rstd, const Array& dx, const Array& dweight,
                         const Array& dbias);

/// Mean and sum of squared deviations of every channel over samples and inner elements.
void batch_moments(const NormShape& shape, const Array& x, const Array& mean, const Array& spread);

/// y = (x - mean) * rstd * weight + bias by channel.
void batch_apply(const NormShape& shape, const Array& x, const Array& mean, const Array& rstd, const Array& weight,
                 const Array& bias, const Array& y);

/// Its gradients. With `training` mean and rstd came from x itself.
void batch_norm_backward(const NormShape& shape, const Array& grad, const Array& x, const Array& weight,
                         const Array& mean, const Array& rstd, bool training, const Array& dx, const Array& dweight,
                         const Array& dbias);

}  // namespace gradus
