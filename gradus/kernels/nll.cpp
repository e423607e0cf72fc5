// Loops of the negative log-likelihood.
#include "gradus/kernels/nll.h"

#include <type_traits>

namespace gradus {
namespace {

// Up to three row dims (a batch and an image), the last ones of target and of unreduced losses, beside the class dim.
struct Rows {
  int64_t sizes[3] = {1, 1, 1}, x[3] = {}, target[3] = {}, class_step = 0, classes = 1;
  Rows(const Array& a, const Array& t) {
    const int class_dim = a.ndim == 1 ? 0 : 1;
    classes = a.sizes[class_dim];
    class_step = a.strides[class_dim];
    for (int d = 0, k = 0; d < a.ndim; ++d) {
      if (d == class_dim) continue;
      sizes[k] = a.sizes[d];
      x[k] = a.strides[d];
      target[k] = k < t.ndim ? t.strides[k] : 0;
      ++k;
    }
  }
  int64_t image() const { return sizes[1] * sizes[2]; }
  // f(row, position inside the image, offset in x, target)
  template <class F>
  void for_each(const int64_t* targets, F&& f) const {
    int64_t row = 0;
    for (int64_t i = 0; i < sizes[0]; ++i)
      for (int64_t j = 0; j < sizes[1]; ++j)
        for (int64_t k = 0; k < sizes[2]; ++k)
          f(row++, j * sizes[2] + k, i * x[0] + j * x[1] + k * x[2],
            targets[i * target[0] + j * target[1] + k * target[2]]);
  }
};

template <class T, class A>
A class_weight(const Array& weight, int64_t c) {
  return weight.data ? static_cast<A>(weight.as<T>()[c * (weight.ndim ? weight.strides[0] : 0)]) : A(1);
}

// f with the element type and the type that computes.
template <class F>
void by_dtype(DType t, F&& f) {
  dispatch(t, [&]<class T>() {
    if constexpr (DTypeOf<T>::value >= DType::Float16)
      f.template operator()<T, std::conditional_t<std::is_same_v<T, double>, double, float>>();
  });
}

}  // namespace

void nll_forward(const Array& log_probs, const Array& target, const Array& weight, int64_t reduction,
                 int64_t ignore_index, const Array& out, const Array& total) {
  by_dtype(out.dtype, [&]<class T, class A>() {
    const Rows rows(log_probs, target);
    const T* x = log_probs.as<T>();
    A sum = 0, weights = 0;
    rows.for_each(target.as<int64_t>(), [&](int64_t row, int64_t, int64_t at, int64_t t) {
      const bool counts = t != ignore_index;
      const A w = counts ? class_weight<T, A>(weight, t) : 0;
      const A loss = counts ? -w * static_cast<A>(x[at + t * rows.class_step]) : 0;
      if (reduction == 0) out.as<T>()[row] = static_cast<T>(loss);
      sum += loss;
      weights += w;
    });
    if (reduction != 0) *out.as<T>() = static_cast<T>(reduction == 1 ? sum / weights : sum);
    *total.as<T>() = static_cast<T>(reduction == 0 ? 0 : weights);
  });
}

void nll_backward(const Array& grad, const Array& log_probs, const Array& target, const Array& weight,
                  int64_t reduction, int64_t ignore_index, const Array& total, const Array& out) {
  __builtin_memset(out.data, 0, static_cast<size_t>(out.numel() * item_size(out.dtype)));
  by_dtype(out.dtype, [&]<class T, class A>() {
    const Rows rows(log_probs, target);
    const T* g = grad.as<T>();
    const A weights = static_cast<A>(*total.as<T>());
    const int64_t image = rows.image();
    rows.for_each(target.as<int64_t>(), [&](int64_t row, int64_t at, int64_t, int64_t t) {
      if (t == ignore_index) return;
      const A d = -class_weight<T, A>(weight, t) * static_cast<A>(g[reduction == 0 ? row : 0]);
      const int64_t batch = image ? row / image : 0;
      out.as<T>()[(batch * rows.classes + t) * image + at] = static_cast<T>(reduction == 1 ? d / weights : d);
    });
  });
}

}  // namespace gradus
