// Random numbers: PyTorch's, bit for bit, for every dtype and layout.
//
// Numbers are drawn at the call, in the order of memory. A null generator is default_generator().
#pragma once
#include "gradus/core/rng.h"
#include "gradus/gen/functions.h"
#include "gradus/ops/funnel.h"

namespace gradus {

// ---- fresh tensors

struct Rand {
  static constexpr Op op{
      "rand(SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? "
      "pin_memory=None) -> Tensor",
      "Uniform in [0, 1).", Kind::Composite, "fo"};
  static void write_out(const Tensor* out, const IntList& size, OptDType dtype, std::optional<Layout>,
                        std::optional<Device>, std::optional<bool>);
};

struct RandFrom {
  static constexpr Op op{
      "rand.generator(SymInt[] size, *, Generator? generator, ScalarType? dtype=None, Layout? layout=None, "
      "Device? device=None, bool? pin_memory=None) -> Tensor",
      "Uniform in [0, 1).", Kind::Composite, "fo"};
  static void write_out(const Tensor* out, const IntList& size, Generator* generator, OptDType dtype,
                        std::optional<Layout>, std::optional<Device>, std::optional<bool>);
};

struct Randn {
  static constexpr Op op{
      "randn(SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? "
      "pin_memory=None) -> Tensor",
      "Normal with mean 0 and deviation 1.", Kind::Composite, "fo"};
  static void write_out(const Tensor* out, const IntList& size, OptDType dtype, std::optional<Layout>,
                        std::optional<Device>, std::optional<bool>);
};

struct RandnFrom {
  static constexpr Op op{
      "randn.generator(SymInt[] size, *, Generator? generator, ScalarType? dtype=None, Layout? layout=None, "
      "Device? device=None, bool? pin_memory=None) -> Tensor",
      "Normal with mean 0 and deviation 1.", Kind::Composite, "fo"};
  static void write_out(const Tensor* out, const IntList& size, Generator* generator, OptDType dtype,
                        std::optional<Layout>, std::optional<Device>, std::optional<bool>);
};

struct Randint {
  static constexpr Op op{
      "randint(SymInt high, SymInt[] size, *, ScalarType? dtype=long, Layout? layout=None, Device? device=None, "
      "bool? pin_memory=None) -> Tensor",
      "Integers of [0, high), all equally likely.", Kind::Composite, "fo"};
  static void write_out(const Tensor* out, int64_t high, const IntList& size, OptDType dtype, std::optional<Layout>,
                        std::optional<Device>, std::optional<bool>);
};

struct RandintFrom {
  static constexpr Op op{
      "randint.generator(SymInt high, SymInt[] size, *, Generator? generator, ScalarType? dtype=long, Layout? "
      "layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
      "Integers of [0, high), all equally likely.", Kind::Composite, "fo"};
  static void write_out(const Tensor* out, int64_t high, const IntList& size, Generator* generator, OptDType dtype,
                        std::optional<Layout>, std::optional<Device>, std::optional<bool>);
};

struct RandintLow {
  static constexpr Op op{
      "randint.low(SymInt low, SymInt high, SymInt[] size, *, ScalarType? dtype=long, Layout? layout=None, "
      "Device? device=None, bool? pin_memory=None) -> Tensor",
      "Integers of [low, high), all equally likely.", Kind::Composite, "fo"};
  static void write_out(const Tensor* out, int64_t low, int64_t high, const IntList& size, OptDType dtype,
                        std::optional<Layout>, std::optional<Device>, std::optional<bool>);
};

struct RandintLowFrom {
  static constexpr Op op{
      "randint.low_generator(SymInt low, SymInt high, SymInt[] size, *, Generator? generator, ScalarType? "
      "dtype=long, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
      "Integers of [low, high), all equally likely.", Kind::Composite, "fo"};
  static void write_out(const Tensor* out, int64_t low, int64_t high, const IntList& size, Generator* generator,
                        OptDType dtype, std::optional<Layout>, std::optional<Device>, std::optional<bool>);
};

struct Randperm {
  static constexpr Op op{
      "randperm(SymInt n, *, ScalarType? dtype=long, Layout? layout=None, Device? device=None, bool? "
      "pin_memory=None) -> Tensor",
      "0 … n - 1 in random order.", Kind::Composite, "fo"};
  static void write_out(const Tensor* out, int64_t n, OptDType dtype, std::optional<Layout>, std::optional<Device>,
                        std::optional<bool>);
};

struct RandpermFrom {
  static constexpr Op op{
      "randperm.generator(SymInt n, *, Generator? generator, ScalarType? dtype=long, Layout? layout=None, "
      "Device? device=None, bool? pin_memory=None) -> Tensor",
      "0 … n - 1 in random order.", Kind::Composite, "fo"};
  static void write_out(const Tensor* out, int64_t n, Generator* generator, OptDType dtype, std::optional<Layout>,
                        std::optional<Device>, std::optional<bool>);
};

// Shaped and laid out like self; numbers go in the order of memory.

inline constexpr Op rand_like_op{
    "rand_like(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? "
    "pin_memory=None, MemoryFormat? memory_format=None) -> Tensor",
    "Uniform in [0, 1), shaped like self.", Kind::Composite, "f"};

inline constexpr Op rand_like_from_op{
    "rand_like.generator(Tensor self, *, Generator? generator, ScalarType? dtype=None, Layout? layout=None, "
    "Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor",
    "Uniform in [0, 1), shaped like self.", Kind::Composite, "f"};

inline constexpr Op randn_like_op{
    "randn_like(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? "
    "pin_memory=None, MemoryFormat? memory_format=None) -> Tensor",
    "Normal numbers shaped like self.", Kind::Composite, "f"};

inline constexpr Op randn_like_from_op{
    "randn_like.generator(Tensor self, *, Generator? generator, ScalarType? dtype=None, Layout? layout=None, "
    "Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor",
    "Normal numbers shaped like self.", Kind::Composite, "f"};

inline constexpr Op randint_like_op{
    "randint_like(Tensor self, SymInt high, *, ScalarType? dtype=None, Layout? layout=None, Device? "
    "device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor",
    "Integers of [0, high) shaped like self.", Kind::Composite, "f"};

inline constexpr Op randint_like_from_op{
    "randint_like.generator(Tensor self, SymInt high, *, Generator? generator, ScalarType? dtype=None, "
    "Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> "
    "Tensor",
    "Integers of [0, high) shaped like self.", Kind::Composite, "f"};

inline constexpr Op randint_like_low_op{
    "randint_like.low_dtype(Tensor self, SymInt low, SymInt high, *, ScalarType? dtype=None, Layout? "
    "layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor",
    "Integers of [low, high) shaped like self.", Kind::Composite, "f"};

inline constexpr Op randint_like_low_from_op{
    "randint_like.low_generator_dtype(Tensor self, SymInt low, SymInt high, *, Generator? generator, "
    "ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? "
    "memory_format=None) -> Tensor",
    "Integers of [low, high) shaped like self.", Kind::Composite, "f"};

// ---- from parameters given as tensors

struct NormalMean {
  static constexpr Op op{"normal.Tensor_float(Tensor mean, float std=1., *, Generator? generator=None) -> Tensor",
                         "Normal with a mean for each element.", Kind::Compound, "fo", "NormalBackward1"};
  static Tensor forward(const Tensor& mean, double std, Generator* generator);
  static void write_out(const Tensor* out, const Tensor& mean, double std, Generator* generator);
  static Tensor d0(const Tensor& g) { return zeros_like(g); }
};

struct NormalStd {
  static constexpr Op op{"normal.float_Tensor(float mean, Tensor std, *, Generator? generator=None) -> Tensor",
                         "Normal with a deviation for each element.", Kind::Compound, "fo", "NormalBackward2"};
  static Tensor forward(double mean, const Tensor& std, Generator* generator);
  static void write_out(const Tensor* out, double mean, const Tensor& std, Generator* generator);
  static Tensor d1(const Tensor& g) { return zeros_like(g); }
};

struct NormalMeanStd {
  static constexpr Op op{"normal.Tensor_Tensor(Tensor mean, Tensor std, *, Generator? generator=None) -> Tensor",
                         "Normal with a mean and a deviation for each element.", Kind::Compound, "fo",
                         "NormalBackward3"};
  static Tensor forward(const Tensor& mean, const Tensor& std, Generator* generator);
  static void write_out(const Tensor* out, const Tensor& mean, const Tensor& std, Generator* generator);
  static Tensor d0(const Tensor&, const Shape<0>& s) { return zeros(s, s.dtype); }
  static Tensor d1(const Tensor&, const Shape<1>& s) { return zeros(s, s.dtype); }
};

struct NormalNumbers {
  static constexpr Op op{
      "normal.float_float(float mean, float std, SymInt[] size, *, Generator? generator=None, ScalarType? "
      "dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
      "Normal of one mean and deviation.", Kind::Composite, "fo"};
  static void write_out(const Tensor* out, double mean, double std, const IntList& size, Generator* generator,
                        OptDType dtype, std::optional<Layout>, std::optional<Device>, std::optional<bool>);
};

struct Bernoulli {
  static constexpr Op op{"bernoulli(Tensor self, *, Generator? generator=None) -> Tensor",
                         "1 with the probability that self gives, else 0.", Kind::Compound, "fmo"};
  static Tensor forward(const Tensor& self, Generator* generator);
  static void write_out(const Tensor* out, const Tensor& self, Generator* generator);
  static Tensor d0(const Tensor& g) { return zeros_like(g); }
};

struct BernoulliNumber {
  static constexpr Op op{"bernoulli.p(Tensor self, float p, *, Generator? generator=None) -> Tensor",
                         "1 with probability p, else 0, in the shape of self.", Kind::Compound, "fm", "NotImplemented"};
  static Tensor forward(const Tensor& self, double p, Generator* generator);
  static Tensor d0(const Tensor&);  // raises: there is no derivative
};

struct Multinomial {
  static constexpr Op op{
      "multinomial(Tensor self, SymInt num_samples, bool replacement=False, *, Generator? generator=None) -> "
      "Tensor",
      "Indices drawn with the weights of each row.", Kind::Composite, "fmo"};
  static void write_out(const Tensor* out, const Tensor& self, int64_t num_samples, bool replacement,
                        Generator* generator);
};

}  // namespace gradus
