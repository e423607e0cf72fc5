// Error function, rounding, powers, exact values: error in ulps, the same bits on every target.
#include "math_compare.h"

namespace {

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
