// Elementary functions: error in units of the last place against wider arithmetic, and the same bits on every target.
#include "gradus/kernels/math.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

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

TEST(Math, Exponentials) {
  both(
      "exp", [](auto x) __attribute__((always_inline)) { return math::exp(x); }, [](auto x) { return std::exp(x); },
      1.02, 0.65);
  both(
      "exp2", [](auto x) __attribute__((always_inline)) { return math::exp2(x); }, [](auto x) { return std::exp2(x); },
      0.9, 0.65);
  both(
      "expm1", [](auto x) __attribute__((always_inline)) { return math::expm1(x); },
      [](auto x) { return std::expm1(x); }, 0.51, 1.0);
  both(
      "sigmoid", [](auto x) __attribute__((always_inline)) { return math::sigmoid(x); },
      [](auto x) { return 1 / (1 + std::exp(-x)); }, 1.01, 0.7);
  both(
      "log1p_exp", [](auto x) __attribute__((always_inline)) { return math::log1p_exp(x); },
      [](auto x) { return (x > 0 ? x : 0) + std::log1p(std::exp(-std::fabs(x))); }, 0.51, 1.5);
}

TEST(Math, Logarithms) {
  both(
      "log", [](auto x) __attribute__((always_inline)) { return math::log(x); }, [](auto x) { return std::log(x); },
      0.51, 0.9);
  both(
      "log2", [](auto x) __attribute__((always_inline)) { return math::log2(x); }, [](auto x) { return std::log2(x); },
      0.51, 0.51);
  both(
      "log10", [](auto x) __attribute__((always_inline)) { return math::log10(x); },
      [](auto x) { return std::log10(x); }, 0.51, 0.51);
  both(
      "log1p", [](auto x) __attribute__((always_inline)) { return math::log1p(x); },
      [](auto x) { return std::log1p(x); }, 0.51, 0.9);
}

TEST(Math, Circular) {
  both(
      "sin", [](auto x) __attribute__((always_inline)) { return math::sin(x); }, [](auto x) { return std::sin(x); },
      0.51, 0.8);
  both(
      "cos", [](auto x) __attribute__((always_inline)) { return math::cos(x); }, [](auto x) { return std::cos(x); },
      0.51, 0.8);
  both(
      "tan", [](auto x) __attribute__((always_inline)) { return math::tan(x); }, [](auto x) { return std::tan(x); },
      0.6, 1.0);
  both(
      "asin", [](auto x) __attribute__((always_inline)) { return math::asin(x); }, [](auto x) { return std::asin(x); },
      0.51, 0.7);
  both(
      "acos", [](auto x) __attribute__((always_inline)) { return math::acos(x); }, [](auto x) { return std::acos(x); },
      0.51, 0.7);
  both(
      "atan", [](auto x) __attribute__((always_inline)) { return math::atan(x); }, [](auto x) { return std::atan(x); },
      0.51, 1.0);
}

TEST(Math, Hyperbolic) {
  both(
      "sinh", [](auto x) __attribute__((always_inline)) { return math::sinh(x); }, [](auto x) { return std::sinh(x); },
      0.51, 0.9);
  both(
      "cosh", [](auto x) __attribute__((always_inline)) { return math::cosh(x); }, [](auto x) { return std::cosh(x); },
      0.51, 0.9);
  both(
      "tanh", [](auto x) __attribute__((always_inline)) { return math::tanh(x); }, [](auto x) { return std::tanh(x); },
      1.35, 0.8);
  both(
      "asinh", [](auto x) __attribute__((always_inline)) { return math::asinh(x); },
      [](auto x) { return std::asinh(x); }, 0.51, 1.5);
  both(
      "acosh", [](auto x) __attribute__((always_inline)) { return math::acosh(x); },
      [](auto x) { return std::acosh(x); }, 0.51, 2.1);
  both(
      "atanh", [](auto x) __attribute__((always_inline)) { return math::atanh(x); },
      [](auto x) { return std::atanh(x); }, 0.51, 2.1);
}

TEST(Math, ErrorFunction) {
  both(
      "erf", [](auto x) __attribute__((always_inline)) { return math::erf(x); }, [](auto x) { return std::erf(x); },
      1.3, 1.3);
  both(
      "erfc", [](auto x) __attribute__((always_inline)) { return math::erfc(x); }, [](auto x) { return std::erfc(x); },
      0.55, 2.0);
}

TEST(Math, Rounding) {
  both(
      "sqrt", [](auto x) __attribute__((always_inline)) { return math::sqrt(x); }, [](auto x) { return std::sqrt(x); },
      0.5001, 0.5001);
  both(
      "rsqrt", [](auto x) __attribute__((always_inline)) { return math::rsqrt(x); },
      [](auto x) { return 1 / std::sqrt(x); }, 1.5, 1.5);
  both(
      "floor", [](auto x) __attribute__((always_inline)) { return math::floor(x); },
      [](auto x) { return std::floor(x); }, 0, 0);
  both(
      "ceil", [](auto x) __attribute__((always_inline)) { return math::ceil(x); }, [](auto x) { return std::ceil(x); },
      0, 0);
  both(
      "trunc", [](auto x) __attribute__((always_inline)) { return math::trunc(x); },
      [](auto x) { return std::trunc(x); }, 0, 0);
  both(
      "round", [](auto x) __attribute__((always_inline)) { return math::round(x); },
      [](auto x) { return std::nearbyint(x); }, 0, 0);
  EXPECT_EQ(math::round(2.5f), 2.0f);
  EXPECT_EQ(math::round(-3.5), -4.0);
}

template <class T>
void check_pow(double bound) {
  std::vector<T> small{0, 1, 2, 3, T(0.5), T(1.5), 7, T(1e30), kInf<T>, T(16777215), T(9007199254740991.0), 10};
  for (size_t i = 0, n = small.size(); i < n; ++i) small.push_back(-small[i]);
  small.push_back(kNan<T>);
  for (T x : small)
    for (T y : small)
      EXPECT_LE(ulps(math::pow(x, y), std::pow(Wide<T>(x), Wide<T>(y))), y == 2 ? 0.51 : bound) << x << " ^ " << y;
  std::mt19937_64 random(11);
  T limit = std::log(std::numeric_limits<T>::max());
  for (int i = 0; i < 60000; ++i) {
    T x = std::ldexp(T(1 + double(random() >> 11) * 0x1p-53), int(random() % 120) - 60);
    T y = T(2.2 * (double(random() >> 11) * 0x1p-53 - 0.5)) * limit / std::log(x);
    ASSERT_LE(ulps(math::pow(x, y), std::pow(Wide<T>(x), Wide<T>(y))), bound) << x << " ^ " << y;
  }
}

TEST(Math, Pow) {
  check_pow<float>(0.51);
  check_pow<double>(0.85);
  for (int n = -1074; n < 1024; ++n) ASSERT_EQ(math::pow(2.0, double(n)), std::ldexp(1.0, n));
  for (int n = -149; n < 128; ++n) ASSERT_EQ(math::pow(2.0f, float(n)), std::ldexp(1.0f, n));
  for (int b = 2; b < 30; ++b) {
    double power = 1;
    for (int n = 0; power < 0x1p53; ++n, power *= b) ASSERT_EQ(math::pow(double(b), double(n)), power);
  }
}

template <class T>
void check_atan2(double bound) {
  std::vector<T> v = specials<T>();
  std::mt19937_64 random(13);
  for (int i = 0; i < 150; ++i) v.push_back(T(double(random() >> 11) * 0x1p-51 - 2));
  for (T y : v)
    for (T x : v) {
      Wide<T> exact = std::atan2(Wide<T>(y), Wide<T>(x));
      ASSERT_LE(ulps(math::atan2(y, x), exact), bound) << "atan2(" << y << ", " << x << ") = " << math::atan2(y, x);
    }
}

TEST(Math, Atan2) {
  check_atan2<float>(0.51);
  check_atan2<double>(1.7);
}

template <class T>
void check_exact_values() {
  EXPECT_EQ(math::exp(T(0)), 1);
  EXPECT_EQ(math::log(T(1)), 0);
  EXPECT_EQ(math::sigmoid(T(0)), T(0.5));
  EXPECT_EQ(math::cos(T(0)), 1);
  EXPECT_EQ(math::tanh(T(50)), 1);
  EXPECT_EQ(math::tanh(T(-50)), -1);
  EXPECT_EQ(math::erf(T(50)), 1);
  EXPECT_EQ(math::log10(T(1000)), 3);
  EXPECT_EQ(math::sigmoid(T(1000)), 1);
  EXPECT_EQ(math::sigmoid(T(-1000)), 0);
  EXPECT_EQ(math::pow(T(1.1), T(2)), T(1.1) * T(1.1));
  for (T x : arguments<T>()) {
    if (std::isnan(x)) continue;
    ASSERT_EQ(word(math::erf(-x)), word(-math::erf(x))) << x;
    ASSERT_EQ(word(math::tanh(-x)), word(-math::tanh(x))) << x;
    ASSERT_EQ(math::exp2(math::trunc(x)), std::exp2(std::trunc(x))) << x;
  }
}

TEST(Math, ExactValues) {
  check_exact_values<float>();
  check_exact_values<double>();
}

template <class T>
void check_selection() {
  EXPECT_TRUE(std::isnan(math::maximum(T(1), kNan<T>)) && std::isnan(math::maximum(kNan<T>, T(1))));
  EXPECT_TRUE(std::isnan(math::minimum(T(1), kNan<T>)) && std::isnan(math::minimum(kNan<T>, T(1))));
  EXPECT_EQ(math::maximum(T(1), T(-2)), 1);
  EXPECT_EQ(math::minimum(T(1), T(-2)), -2);
  EXPECT_TRUE(math::isnan(kNan<T>) && !math::isnan(kInf<T>) && math::isinf(-kInf<T>) && !math::isinf(kNan<T>));
  EXPECT_EQ(math::select(true, T(1), T(2)), 1);
  EXPECT_EQ(math::select(false, T(1), T(2)), 2);
  EXPECT_EQ(word(math::copysign(T(3), T(-0.0))), word(T(-3)));
  EXPECT_EQ(word(math::abs(T(-0.0))), word(T(0)));
  EXPECT_EQ(math::fmod(T(-7.5), T(2)), T(-1.5));
  T e = std::numeric_limits<T>::epsilon();
  EXPECT_EQ(math::fma(1 + e, 1 - e, T(-1)), -e * e);
}

TEST(Math, Selection) {
  check_selection<float>();
  check_selection<double>();
}

template <class T>
void check_tiles() {
  std::vector<T> in = arguments<T>(), near, out(in.size());
  for (T x : in)
    if (std::fabs(x) < T(0x1p29)) near.push_back(x);
  for (const std::vector<T>& v : {in, near}) {
    math::sin_n(out.data(), v.data(), int64_t(v.size()));
    for (size_t i = 0; i < v.size(); ++i) ASSERT_EQ(word(out[i]), word(math::sin(v[i]))) << "sin " << v[i];
    math::cos_n(out.data(), v.data(), int64_t(v.size()));
    for (size_t i = 0; i < v.size(); ++i) ASSERT_EQ(word(out[i]), word(math::cos(v[i]))) << "cos " << v[i];
    std::copy(v.begin(), v.end(), out.begin());
    math::tan_n(out.data(), out.data(), int64_t(v.size()));
    for (size_t i = 0; i < v.size(); ++i) ASSERT_EQ(word(out[i]), word(math::tan(v[i]))) << "tan " << v[i];
  }
}

TEST(Math, Tiles) {
  check_tiles<float>();
  check_tiles<double>();
}

}  // namespace
