// Comparison of elementary functions with wider arithmetic, and of their bits among targets.
#pragma once
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "gradus/kernels/math.h"

namespace {

namespace math = gradus::math;

template <class T>
using Wide = std::conditional_t<sizeof(T) == 4, double, long double>;
template <class T>
using Word = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;

template <class T>
constexpr T kInf = std::numeric_limits<T>::infinity();
template <class T>
constexpr T kNan = std::numeric_limits<T>::quiet_NaN();

template <class T>
Word<T> word(T x) {
  Word<T> w;
  std::memcpy(&w, &x, sizeof x);
  return w;
}

/// Distance of got from the exact value in units of the last place of the exact value; sign of zero, inf and NaN count.
template <class T>
double ulps(T got, Wide<T> exact) {
  constexpr double wrong = 1e30;
  if (std::isnan(exact) || std::isnan(got)) return std::isnan(exact) && std::isnan(got) ? 0 : wrong;
  T rounded = T(exact);
  if (got == rounded && std::isinf(rounded)) return 0;
  if (std::isinf(got) || std::isinf(rounded)) return wrong;
  if (got == 0 && rounded == 0) return std::signbit(got) == std::signbit(rounded) ? 0 : wrong;
  int e;
  std::frexp(exact, &e);
  int digits = std::numeric_limits<T>::digits, lowest = std::numeric_limits<T>::min_exponent - digits;
  return double(std::fabs(Wide<T>(got) - exact) / std::ldexp(Wide<T>(1), std::max(e - digits, lowest)));
}

template <class T>
std::vector<T> specials() {
  using L = std::numeric_limits<T>;
  std::vector<T> v{T(0),
                   L::denorm_min(),
                   3 * L::denorm_min(),
                   L::min(),
                   L::max(),
                   kInf<T>,
                   1,
                   2,
                   3,
                   8,
                   10,
                   100,
                   1000,
                   T(0.5),
                   T(0.25),
                   T(0.55),
                   T(88.5),
                   T(89),
                   T(103.97),
                   T(709.7),
                   T(710.4),
                   T(745.1),
                   T(746),
                   T(1.57079632679489661923L),
                   T(0.7853982),
                   T(1e-30),
                   T(1e15),
                   T(1e20),
                   T(1e30),
                   T(6381956970095103.0) * T(0x1p60),
                   1 - L::epsilon() / 2,
                   1 + L::epsilon(),
                   L::epsilon(),
                   T(0x1p47),
                   T(0x1p30),
                   T(0x1.fffffep29)};
  for (size_t i = 0, n = v.size(); i < n; ++i) v.push_back(-v[i]);
  v.push_back(kNan<T>);
  return v;
}

/// Special values, random bit patterns, and moderate values, where functions have their shape.
template <class T>
std::vector<T> arguments() {
  std::mt19937_64 random(7);
  std::vector<T> v = specials<T>();
  auto uniform = [&] { return double(random() >> 11) * 0x1p-53; };
  for (int i = 0; i < 20000; ++i) {
    Word<T> w = Word<T>(random());
    T x;
    std::memcpy(&x, &w, sizeof x);
    if (!std::isnan(x)) v.push_back(x);
    v.push_back(T(24 * uniform() - 12));
    v.push_back(T(2 * uniform() - 1));
    v.push_back(T(std::ldexp(uniform() - 0.5, int(random() % 24) - 12) + (i % 4 == 0)));
  }
  return v;
}

template <class T, class F>
void run(F f, const T* in, T* out, size_t n) {
  for (size_t i = 0; i < n; ++i) out[i] = f(in[i]);
}
#if defined(__x86_64__)
template <class T, class F>
[[gnu::target("avx2,fma"), gnu::noinline]] void run_avx2(F f, const T* in, T* out, size_t n) {
  for (size_t i = 0; i < n; ++i) out[i] = f(in[i]);
}
template <class T, class F>
[[gnu::target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma,prefer-vector-width=512"), gnu::noinline]] void run_avx512(
    F f, const T* in, T* out, size_t n) {
  for (size_t i = 0; i < n; ++i) out[i] = f(in[i]);
}
#endif

template <class T>
void expect_same_bits(const std::string& name, const std::vector<T>& in, const std::vector<T>& a,
                      const std::vector<T>& b) {
  for (size_t i = 0; i < in.size(); ++i)
    ASSERT_EQ(word(a[i]), word(b[i])) << name << "(" << in[i] << ") = " << a[i] << " or " << b[i];
}

template <class T, class F>
void check_targets(const std::string& name, F f, const std::vector<T>& in, const std::vector<T>& out) {
#if defined(__x86_64__)
  std::vector<T> other(in.size());
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    run_avx2(f, in.data(), other.data(), in.size());
    expect_same_bits(name + " avx2", in, out, other);
  }
  if (__builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")) {
    run_avx512(f, in.data(), other.data(), in.size());
    expect_same_bits(name + " avx512", in, out, other);
  }
#endif
}

template <class T, class F, class R>
void check(const std::string& name, F f, R exact, double bound) {
  std::vector<T> in = arguments<T>(), out(in.size());
  run(f, in.data(), out.data(), in.size());
  double worst = 0;
  T at = 0;
  for (size_t i = 0; i < in.size(); ++i) {
    double error = ulps(out[i], exact(Wide<T>(in[i])));
    if (error > worst) worst = error, at = in[i];
  }
  EXPECT_LE(worst, bound) << name << " of " << (sizeof(T) == 4 ? "float" : "double") << " at " << at << " gave "
                          << f(at) << ", not " << exact(Wide<T>(at));
  check_targets(name, f, in, out);
}

/// The function against the exact one, for float and double; the bounds are in units of the last place.
template <class F, class R>
void both(const std::string& name, F f, R exact, double float_bound, double double_bound) {
  check<float>(name, f, exact, float_bound);
  check<double>(name, f, exact, double_bound);
}

// The functions are always_inline lambdas, so that each loop above compiles them for its own target.

}  // namespace
