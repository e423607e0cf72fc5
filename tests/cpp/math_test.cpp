// Exponentials, logarithms, circular and hyperbolic functions: error in ulps, the same bits on every target.
#include "math_compare.h"

namespace {

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
      [](auto x) { return 1 / (1 + std::exp(-x)); }, 2.9, 0.7);
  both(
      "log1p_exp", [](auto x) __attribute__((always_inline)) { return math::log1p_exp(x); },
      [](auto x) { return (x > 0 ? x : 0) + std::log1p(std::exp(-std::fabs(x))); }, 0.51, 1.5);
}

TEST(Math, Logarithms) {
  both(
      "log", [](auto x) __attribute__((always_inline)) { return math::log(x); }, [](auto x) { return std::log(x); },
      0.94, 0.9);
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
      2.7, 0.8);
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

}  // namespace
