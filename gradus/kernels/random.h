// Random numbers with PyTorch's bits (version 2.13, x86-64 with FMA): which draws, in which order, by which arithmetic.
#pragma once
#include <cstdint>
#include <optional>

#include "gradus/core/array.h"
#include "gradus/core/rng.h"
#include "gradus/kernels/target.h"

namespace gradus {

// Every sampler takes the generator's lock, fills `out` (any geometry without internal overlap) in the order of its
// memory, not of its indices, and expects arguments that the check function of the same name has accepted.

/// Uniform in [from, to) (torch.Tensor.uniform_). Floating dtypes; 24 random bits, 53 for float64.
void random_uniform(Generator& gen, const Array& out, double from, double to);

/// Normal by the Box-Muller transform (torch.Tensor.normal_). Floating dtypes. Row-major arrays of 16 elements or more
/// use another order of draws than the rest, as PyTorch does.
void random_normal(Generator& gen, const Array& out, double mean, double std);

/// 1 with probability p, else 0 (torch.Tensor.bernoulli_). Every dtype.
void random_bernoulli(Generator& gen, const Array& out, double p);

/// 1 / p with probability p, else 0: what dropout multiplies by. Floating dtypes; the draws of random_bernoulli.
void random_scaled_mask(Generator& gen, const Array& out, double p);

/// Uniform in [from, to) where `x` is at most 0, else (also at NaN) 1: slopes of rrelu. Two draws for each slope, in
/// the order of the elements. `x` and `out` are contiguous and of one floating dtype.
void random_slopes(Generator& gen, const Array& x, const Array& out, double from, double to);

/// The same with a probability for each element; `p` is floating and has the sizes of `out` (expanded strides allowed).
void random_bernoulli_tensor(Generator& gen, const Array& out, const Array& p);

/// Uniform over what the dtype holds exactly: [0, max], [0, 2^24] for float32 (torch.Tensor.random_()). Every dtype.
void random_integers(Generator& gen, const Array& out);

/// Uniform over the integers of [from, to), to the dtype's largest if `to` is absent (torch.Tensor.random_(from, to)).
void random_integers(Generator& gen, const Array& out, int64_t from, std::optional<int64_t> to);

/// A random order of 0 … n-1 (torch.randperm) into `out`, 1-D of n elements. Every dtype but bool.
void random_permutation(Generator& gen, const Array& out);

/// Density lambd·exp(-lambd·x) (torch.Tensor.exponential_). Floating dtypes.
void random_exponential(Generator& gen, const Array& out, double lambd);

/// Number of trials up to the first success (torch.Tensor.geometric_). Every dtype but bool.
void random_geometric(Generator& gen, const Array& out, double p);

/// torch.Tensor.cauchy_. Floating dtypes.
void random_cauchy(Generator& gen, const Array& out, double median, double sigma);

/// exp of a normal of that mean and std (torch.Tensor.log_normal_). Floating dtypes.
void random_log_normal(Generator& gen, const Array& out, double mean, double std);

// The checks raise PyTorch's errors. `numel` matters because PyTorch looks at some dtypes only when there is work.

void check_uniform(DType dtype, double from, double to);
void check_normal(DType dtype, int64_t numel, double std);
void check_bernoulli(double p);
/// Reads the values of `p`; `numel` counts the elements of the output.
void check_bernoulli_tensor(const Array& p, int64_t numel);
void check_permutation(DType dtype, int64_t n);
void check_exponential(DType dtype, int64_t numel, double lambd);
void check_geometric(DType dtype, int64_t numel, double p);
void check_cauchy(DType dtype, double sigma);
void check_log_normal(DType dtype, int64_t numel, double std);

/// What random_integers draws from: `from` plus a number below `range`; a range of 0 means all 64 bits.
struct IntegerRange {
  int64_t from;
  uint64_t range;
};
/// Raises as torch.Tensor.random_(from, to) does. Floating dtypes move the ends to values they can hold.
IntegerRange check_integers(DType dtype, int64_t numel, int64_t from, std::optional<int64_t> to);

/// Conversions of raw 32-bit words. A 64-bit draw is two words, the high one first.
struct RandomTable {
  void (*draw)(Mt19937& engine, uint32_t* out, int64_t n);
  void (*uniform_f32)(const uint32_t* words, float* out, int64_t n, float from, float to);
  void (*uniform_f64)(const uint32_t* words, double* out, int64_t n, double from, double to);
  /// out = `value` where the 53-bit draw < threshold, else 0, as elements of 1, 2, 4, 8 bytes; takes 2n words.
  void (*below[4])(const uint32_t* words, void* out, int64_t n, uint64_t threshold, uint64_t value);
  /// out[i] = words[i] % divisor; the divisor is below 2^31.
  void (*remainders)(const uint32_t* words, uint32_t* out, int64_t n, uint32_t divisor);
  /// out[i] = words[i] % (divisor - i).
  void (*falling_remainders)(const uint32_t* words, uint32_t* out, int64_t n, uint32_t divisor);
  /// Box-Muller in place on `blocks` groups of 16 uniforms: 8 for the radius, then 8 for the angle.
  void (*normal_f32)(float* data, int64_t blocks, float mean, float std);
  /// data = data·scale + offset, rounded once.
  void (*affine_f64)(double* data, int64_t n, double scale, double offset);
  void (*to_f16)(const float* in, uint16_t* out, int64_t n);
  void (*to_bf16)(const float* in, uint16_t* out, int64_t n);
};
GRADUS_DECLARE_TABLE(RandomTable, random_table)

}  // namespace gradus
