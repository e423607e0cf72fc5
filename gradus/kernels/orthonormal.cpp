// Orthonormal rows by Gram-Schmidt with projections taken off twice.
#include "gradus/kernels/orthonormal.h"

#include <cmath>

namespace gradus {
namespace {

// Eight running sums, so that the order of additions does not depend on the vector width.
double dot(const double* a, const double* b, int64_t m) {
  double sums[8] = {};
  int64_t i = 0;
  for (; i + 8 <= m; i += 8)
    for (int64_t k = 0; k < 8; ++k) sums[k] += a[i + k] * b[i + k];
  for (; i < m; ++i) sums[i % 8] += a[i] * b[i];
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

}  // namespace

void orthonormal_rows(double* rows, int64_t n, int64_t m) {
  for (int64_t k = 0; k < n; ++k) {
    double* row = rows + k * m;
    for (int pass = 0; pass < 2; ++pass)
      for (int64_t j = 0; j < k; ++j) {
        const double* above = rows + j * m;
        const double share = dot(row, above, m);
        for (int64_t i = 0; i < m; ++i) row[i] -= share * above[i];
      }
    const double norm = std::sqrt(dot(row, row, m));
    for (int64_t i = 0; i < m && norm > 0; ++i) row[i] /= norm;
  }
}

}  // namespace gradus
