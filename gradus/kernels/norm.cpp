// Loops of normalisation over samples, groups and channels, around the kernels for rows, segments and columns.
#include "gradus/kernels/norm.h"

#include <algorithm>
#include <cmath>

#include "gradus/kernels/norm_table.h"
#include "gradus/kernels/pool.h"
#include "gradus/kernels/reduce_plan.h"
#include "gradus/kernels/reduce_table.h"

namespace gradus {
namespace {

constexpr int64_t kRowBlock = 64;  // rows whose gradients of weights are summed before they join the total
constexpr int64_t kWave = 32;      // such blocks that are computed together
constexpr double kElement = 0.4;   // nanoseconds, roughly, of a pass over one element

template <class T>
const NormTable<T>& kernels() {
  if constexpr (sizeof(T) == 4) return GRADUS_PICK(norm_table_float);
  else return GRADUS_PICK(norm_table_double);
}

template <class F>
void by_dtype(DType t, F&& f) {
  if (t == DType::Float64) f.template operator()<double>();
  else f.template operator()<float>();
}

template <class T>
T at(const Array& a, int64_t i, T absent) {
  return a.data ? a.as<T>()[i] : absent;
}
template <class T>
const T* offset(const Array& a, int64_t by) {
  return a.data ? a.as<T>() + by : nullptr;
}
template <class T>
T* scratch(int64_t n) {
  return static_cast<T*>(reduce_scratch(n * static_cast<int64_t>(sizeof(T))));
}
int64_t column_slots(int64_t rows) { return tree_levels(rows / 32) + 1; }

// f(i) for n samples or channels of `elements` each.
template <class F>
void for_each_sample(int64_t n, int64_t elements, F&& f) {
  const double cost = kElement * static_cast<double>(elements);
  const auto run = [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) f(i);
  };
  parallel_for(n, grain_for(cost), run, cost * static_cast<double>(n));
}

// Channels are single elements: whole rows at once.
template <class T>
void rows_forward(const NormShape& s, const Array& x, const Array& weight, const Array& bias, double eps,
                  const Array& y, const Array& mean, const Array& rstd) {
  const int64_t per = s.channels / s.groups;
  for_each_sample(s.n * s.groups, per, [&](int64_t r) {
    const int64_t c = r % s.groups * per;
    kernels<T>().row(x.as<T>() + r * per, offset<T>(weight, c), offset<T>(bias, c), y.as<T>() + r * per, per,
                     static_cast<T>(eps), mean.as<T>() + r, rstd.as<T>() + r);
  });
}

template <class T>
void rows_backward(const NormShape& s, const Array& grad, const Array& x, const Array& weight, const Array& mean,
                   const Array& rstd, const Array& dx, const Array& dweight, const Array& dbias) {
  const int64_t per = s.channels / s.groups;
  const int64_t blocks = (s.n - 1) / kRowBlock + 1, wave = std::min(blocks, kWave);
  T* sums = dweight.data ? scratch<T>(wave * 2 * s.channels) : nullptr;
  T* total[2] = {dweight.as<T>(), dbias.as<T>()};
  const auto run_block = [&](int64_t from, T* block) {
    if (block) std::fill(block, block + 2 * s.channels, T(0));
    for (int64_t i = from; i < std::min(s.n, from + kRowBlock); ++i)
      for (int64_t g = 0; g < s.groups; ++g) {
        const int64_t r = i * s.groups + g, c = g * per;
        kernels<T>().row_backward(grad.as<T>() + r * per, x.as<T>() + r * per, offset<T>(weight, c),
                                  dx.data ? dx.as<T>() + r * per : nullptr, per, mean.as<T>()[r], rstd.as<T>()[r],
                                  block ? block + c : nullptr, block ? block + s.channels + c : nullptr);
      }
  };
  const double cost = kElement * static_cast<double>(kRowBlock * s.channels);
  for (int64_t first = 0; first < blocks; first += wave) {
    const int64_t n = std::min(wave, blocks - first);
    const auto run = [&](int64_t begin, int64_t end) {
      for (int64_t k = begin; k < end; ++k)
        run_block((first + k) * kRowBlock, sums ? sums + k * 2 * s.channels : nullptr);
    };
    parallel_for(n, grain_for(cost), run, cost * static_cast<double>(n));
    for (int64_t k = 0; sums && k < n; ++k)  // in the order of the rows
      for (int64_t c = 0; c < s.channels; ++c) {
        total[0][c] += sums[k * 2 * s.channels + c];
        total[1][c] += sums[(k * 2 + 1) * s.channels + c];
      }
  }
}

template <class T>
void groups_forward(const NormShape& s, const Array& x, const Array& weight, const Array& bias, double eps,
                    const Array& y, const Array& mean, const Array& rstd) {
  const int64_t per = s.channels / s.groups, n = per * s.inner;
  const NormTable<T>& k = kernels<T>();
  for_each_sample(s.n * s.groups, n, [&](int64_t r) {
    const T* from = x.as<T>() + r * n;
    const T m = k.sum(from, n) / static_cast<T>(n);
    const T inverse = 1 / std::sqrt(k.spread(from, n, m) / static_cast<T>(n) + static_cast<T>(eps));
    mean.as<T>()[r] = m;
    rstd.as<T>()[r] = inverse;
    for (int64_t d = 0; d < per; ++d) {
      const int64_t c = r % s.groups * per + d;
      k.affine(from + d * s.inner, y.as<T>() + r * n + d * s.inner, s.inner, m, inverse * at<T>(weight, c, 1),
               at<T>(bias, c, 0));
    }
  });
}

template <class T>
void groups_backward(const NormShape& s, const Array& grad, const Array& x, const Array& weight, const Array& mean,
                     const Array& rstd, const Array& dx, const Array& dweight, const Array& dbias) {
  const int64_t per = s.channels / s.groups, n = per * s.inner;
  const NormTable<T>& k = kernels<T>();
  T* all_sums = scratch<T>(2 * s.n * s.channels);  // of every channel of every sample
  for_each_sample(s.n * s.groups, n, [&](int64_t r) {
    const T m = mean.as<T>()[r], inverse = rstd.as<T>()[r];
    T sum = 0, dot = 0;
    for (int64_t d = 0; d < per; ++d) {
      const int64_t c = r % s.groups * per + d, at_segment = r * n + d * s.inner;
      T* sums = all_sums + 2 * (r * per + d);
      k.dots(grad.as<T>() + at_segment, x.as<T>() + at_segment, s.inner, m, sums);
      sum += sums[0] * at<T>(weight, c, 1);
      dot += sums[1] * at<T>(weight, c, 1);
    }
    if (!dx.data) return;
    const T slope = dot * inverse * inverse * inverse / static_cast<T>(n), shift = sum * inverse / static_cast<T>(n);
    for (int64_t d = 0; d < per; ++d) {
      const int64_t c = r % s.groups * per + d, at_segment = r * n + d * s.inner;
      k.combine(grad.as<T>() + at_segment, x.as<T>() + at_segment, dx.as<T>() + at_segment, s.inner, m,
                inverse * at<T>(weight, c, 1), slope, shift);
    }
  });
  if (!dweight.data) return;
  for (int64_t r = 0; r < s.n * s.groups; ++r)
    for (int64_t d = 0; d < per; ++d) {
      const int64_t c = r % s.groups * per + d;
      const T* sums = all_sums + 2 * (r * per + d);
      dweight.as<T>()[c] += sums[1] * rstd.as<T>()[r];
      dbias.as<T>()[c] += sums[0];
    }
}

void clear(const Array& a) {
  if (a.data) __builtin_memset(a.data, 0, static_cast<size_t>(a.numel() * item_size(a.dtype)));
}

// f(first column, number of columns) for blocks of columns of n rows.
template <class F>
void for_each_column_block(int64_t columns, int64_t n, F&& f) {
  constexpr int64_t kFewest = 64;
  const double cost = kElement * static_cast<double>(n);
  const auto run = [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; c += kNormColumns) f(c, std::min(end - c, kNormColumns));
  };
  parallel_for(columns, (grain_for(cost) / kFewest + 1) * kFewest, run, cost * static_cast<double>(columns));
}

// Gradients of one channel as coefficients of grad and of x - mean.
template <class T>
struct BatchSlopes {
  T scale, slope = 0, offset = 0;
  BatchSlopes(T sum, T dot, T rstd, T weight, T count, bool training) : scale(rstd * weight) {
    if (!training) return;
    slope = scale * dot * rstd * rstd / count;
    offset = scale * sum / count;
  }
};

template <class T>
void batch_columns_backward(const NormShape& s, const Array& grad, const Array& x, const Array& weight,
                            const Array& mean, const Array& rstd, bool training, const Array& dx, const Array& dweight,
                            const Array& dbias) {
  const NormTable<T>& k = kernels<T>();
  for_each_column_block(s.channels, s.n, [&](int64_t c, int64_t w) {
    T* memory = scratch<T>(kNormColumns * column_slots(s.n));
    T sums[kNormColumns], dots[kNormColumns], scale[kNormColumns], slope[kNormColumns], shift[kNormColumns];
    const T *g = grad.as<T>() + c, *from = x.as<T>() + c, *m = mean.as<T>() + c, *inverse = rstd.as<T>() + c;
    k.columns_dots(g, from, s.channels, s.n, w, m, sums, dots, memory);
    for (int64_t j = 0; j < w; ++j) {
      const BatchSlopes<T> b(sums[j], dots[j], inverse[j], at<T>(weight, c + j, 1), static_cast<T>(s.n), training);
      scale[j] = b.scale;
      slope[j] = b.slope;
      shift[j] = b.offset;
      if (!dweight.data) continue;
      dweight.as<T>()[c + j] = dots[j] * inverse[j];
      dbias.as<T>()[c + j] = sums[j];
    }
    if (dx.data) k.columns_combine(g, from, dx.as<T>() + c, s.channels, s.n, w, m, scale, slope, shift);
  });
}

template <class T>
void batch_segments_backward(const NormShape& s, const Array& grad, const Array& x, const Array& weight,
                             const Array& mean, const Array& rstd, bool training, const Array& dx, const Array& dweight,
                             const Array& dbias) {
  const NormTable<T>& k = kernels<T>();
  for_each_sample(s.channels, s.n * s.inner, [&](int64_t c) {
    const T m = mean.as<T>()[c], inverse = rstd.as<T>()[c];
    double sum = 0, dot = 0;
    for (int64_t i = 0; i < s.n; ++i) {
      const int64_t at_segment = (i * s.channels + c) * s.inner;
      T sums[2];
      k.dots(grad.as<T>() + at_segment, x.as<T>() + at_segment, s.inner, m, sums);
      sum += static_cast<double>(sums[0]);
      dot += static_cast<double>(sums[1]);
    }
    if (dweight.data) {
      dweight.as<T>()[c] = static_cast<T>(dot) * inverse;
      dbias.as<T>()[c] = static_cast<T>(sum);
    }
    const BatchSlopes<T> b(static_cast<T>(sum), static_cast<T>(dot), inverse, at<T>(weight, c, 1),
                           static_cast<T>(s.n * s.inner), training);
    for (int64_t i = 0; dx.data && i < s.n; ++i) {
      const int64_t at_segment = (i * s.channels + c) * s.inner;
      k.combine(grad.as<T>() + at_segment, x.as<T>() + at_segment, dx.as<T>() + at_segment, s.inner, m, b.scale,
                b.slope, b.offset);
    }
  });
}

}  // namespace

void group_norm(const NormShape& s, const Array& x, const Array& weight, const Array& bias, double eps, const Array& y,
                const Array& mean, const Array& rstd) {
  by_dtype(x.dtype, [&]<class T>() {
    if (s.inner == 1) rows_forward<T>(s, x, weight, bias, eps, y, mean, rstd);
    else groups_forward<T>(s, x, weight, bias, eps, y, mean, rstd);
  });
}

void group_norm_backward(const NormShape& s, const Array& grad, const Array& x, const Array& weight, const Array& mean,
                         const Array& rstd, const Array& dx, const Array& dweight, const Array& dbias) {
  clear(dweight);
  clear(dbias);
  by_dtype(x.dtype, [&]<class T>() {
    if (s.inner == 1) rows_backward<T>(s, grad, x, weight, mean, rstd, dx, dweight, dbias);
    else groups_backward<T>(s, grad, x, weight, mean, rstd, dx, dweight, dbias);
  });
}

void batch_moments(const NormShape& s, const Array& x, const Array& mean, const Array& spread) {
  by_dtype(x.dtype, [&]<class T>() {
    const NormTable<T>& k = kernels<T>();
    if (s.inner == 1) {
      return for_each_column_block(s.channels, s.n, [&](int64_t c, int64_t w) {
        T* memory = scratch<T>(kNormColumns * column_slots(s.n));
        k.columns_moments(x.as<T>() + c, s.channels, s.n, w, mean.as<T>() + c, spread.as<T>() + c, memory);
      });
    }
    for_each_sample(s.channels, s.n * s.inner, [&](int64_t c) {
      double sum = 0, squares = 0;
      for (int64_t i = 0; i < s.n; ++i)
        sum += static_cast<double>(k.sum(x.as<T>() + (i * s.channels + c) * s.inner, s.inner));
      const T m = static_cast<T>(sum / static_cast<double>(s.n * s.inner));
      for (int64_t i = 0; i < s.n; ++i)
        squares += static_cast<double>(k.spread(x.as<T>() + (i * s.channels + c) * s.inner, s.inner, m));
      mean.as<T>()[c] = m;
      spread.as<T>()[c] = static_cast<T>(squares);
    });
  });
}

void batch_apply(const NormShape& s, const Array& x, const Array& mean, const Array& rstd, const Array& weight,
                 const Array& bias, const Array& y) {
  by_dtype(x.dtype, [&]<class T>() {
    const NormTable<T>& k = kernels<T>();
    const T *m = mean.as<T>(), *inverse = rstd.as<T>();
    if (s.inner == 1)
      return for_each_column_block(s.channels, s.n, [&](int64_t c, int64_t w) {
        T scale[kNormColumns], shift[kNormColumns];
        for (int64_t j = 0; j < w; ++j) {
          scale[j] = inverse[c + j] * at<T>(weight, c + j, 1);
          shift[j] = at<T>(bias, c + j, 0);
        }
        k.columns_affine(x.as<T>() + c, y.as<T>() + c, s.channels, s.n, w, m + c, scale, shift);
      });
    for_each_sample(s.n * s.channels, s.inner, [&](int64_t i) {
      const int64_t c = i % s.channels, at_segment = i * s.inner;
      k.affine(x.as<T>() + at_segment, y.as<T>() + at_segment, s.inner, m[c], inverse[c] * at<T>(weight, c, 1),
               at<T>(bias, c, 0));
    });
  });
}

void batch_norm_backward(const NormShape& s, const Array& grad, const Array& x, const Array& weight, const Array& mean,
                         const Array& rstd, bool training, const Array& dx, const Array& dweight, const Array& dbias) {
  by_dtype(x.dtype, [&]<class T>() {
    if (s.inner == 1) batch_columns_backward<T>(s, grad, x, weight, mean, rstd, training, dx, dweight, dbias);
    else batch_segments_backward<T>(s, grad, x, weight, mean, rstd, training, dx, dweight, dbias);
  });
}

}  // namespace gradus
