// Loops of the multi-label margin loss.
#include "gradus/kernels/margin.h"

#include <type_traits>

namespace gradus {
namespace {

template <class F>
void by_dtype(DType t, F&& f) {
  dispatch(t, [&]<class T>() {
    if constexpr (DTypeOf<T>::value >= DType::Float16)
      f.template operator()<T, std::conditional_t<std::is_same_v<T, double>, double, float>>();
  });
}

struct Matrix {
  int64_t rows, classes;
  explicit Matrix(const Array& x) : rows(x.ndim < 2 ? 1 : x.sizes[0]), classes(x.ndim == 0 ? 1 : x.sizes[x.ndim - 1]) {}
};

// f(target, class, 1 - (x[target] - x[class])) for the pairs of a row.
template <class A, class T, class F>
void for_each_pair(const T* x, const int64_t* target, const T* is_target, int64_t classes, F&& f) {
  for (int64_t j = 0; j < classes && target[j] >= 0; ++j)
    for (int64_t i = 0; i < classes; ++i)
      if (static_cast<A>(is_target[i]) == 0)
        f(target[j], i, A(1) - static_cast<A>(x[target[j]]) + static_cast<A>(x[i]));
}

}  // namespace

void multilabel_margin(const Array& x, const Array& target, const Array& out, const Array& is_target) {
  const Matrix m(x);
  by_dtype(x.dtype, [&]<class T, class A>() {
    for (int64_t r = 0; r < m.rows; ++r) {
      const int64_t* t = target.as<int64_t>() + r * m.classes;
      T* marks = is_target.as<T>() + r * m.classes;
      for (int64_t i = 0; i < m.classes; ++i) marks[i] = T(0.0f);
      for (int64_t j = 0; j < m.classes && t[j] >= 0; ++j) marks[t[j]] = T(1.0f);
      A sum = 0;
      for_each_pair<A>(x.as<T>() + r * m.classes, t, marks, m.classes, [&](int64_t, int64_t, A z) {
        if (z > 0) sum += z;
      });
      out.as<T>()[r] = static_cast<T>(sum / static_cast<A>(m.classes));
    }
  });
}

void multilabel_margin_backward(const Array& grad, const Array& x, const Array& target, const Array& is_target,
                                const Array& dx) {
  const Matrix m(x);
  by_dtype(x.dtype, [&]<class T, class A>() {
    for (int64_t r = 0; r < m.rows; ++r) {
      const A g = static_cast<A>(grad.as<T>()[r]) / static_cast<A>(m.classes);
      T* d = dx.as<T>() + r * m.classes;
      for (int64_t i = 0; i < m.classes; ++i) d[i] = T(0.0f);
      for_each_pair<A>(x.as<T>() + r * m.classes, target.as<int64_t>() + r * m.classes,
                       is_target.as<T>() + r * m.classes, m.classes, [&](int64_t t, int64_t i, A z) {
                         if (!(z > 0)) return;
                         d[t] = static_cast<T>(static_cast<A>(d[t]) - g);
                         d[i] = static_cast<T>(static_cast<A>(d[i]) + g);
                       });
    }
  });
}

}  // namespace gradus
