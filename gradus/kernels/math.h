// Elementary functions for kernels: vectorisable by the compiler, the same bits on every target.
//
// Largest errors in units of the last place: of float over all 2^32 arguments where marked *; otherwise over at least
// 390,000 random arguments and the special values (the two of atan2 are bounds that its test asserts).
//
//             float   double               float   double              float   double
//   exp       1.02*   0.60      sin        0.51*   0.78      sinh      0.51    0.76
//   exp2      0.87*   0.61      cos        0.51*   0.78      cosh      0.51    0.84
//   expm1     0.51*   0.92      tan        0.53    0.92      tanh      2.61*   0.78
//   log       0.94*   0.80      asin       0.51*   0.62      asinh     0.51    1.22
//   log2      0.51    0.51      acos       0.51*   0.60      acosh     0.51    1.70
//   log10     0.51    0.51      atan       0.51*   0.99      atanh     0.51    1.93
//   log1p     0.51    0.85      atan2      0.51    1.7       sigmoid   2.82*   0.61
//   log1p_exp 0.51    1.46      erf        1.21*   1.21      erfc      0.53*   1.82
//   pow       0.51    0.77      rsqrt      1.50    1.50
//
// sqrt, fma, fmod, floor, ceil, trunc and round are exact or exactly rounded. fmod and, of double, sin, cos and tan do
// not vectorise as they are: sin_n, cos_n and tan_n take whole tiles.
#pragma once

#include "gradus/kernels/math_base.h"
#include "gradus/kernels/math_f32.h"
#include "gradus/kernels/math_f64.h"
#include "gradus/kernels/math_inverse_f64.h"
#include "gradus/kernels/math_tile.h"
#include "gradus/kernels/math_trig_f32.h"
#include "gradus/kernels/math_trig_f64.h"
