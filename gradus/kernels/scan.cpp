// Running sums, line by line.
#include "gradus/kernels/scan.h"

#include <type_traits>

namespace gradus {
namespace {

template <class T>
struct Sum {
  using Type = std::conditional_t<std::is_floating_point_v<T>, double, uint64_t>;
};
template <>
struct Sum<Half> {
  using Type = float;
};
template <>
struct Sum<BFloat16> {
  using Type = float;
};

struct Lines {
  int64_t n, in_step, out_step;  // along the summed dim
};

template <class T>
T rounded(typename Sum<T>::Type sum) {
  if constexpr (std::is_same_v<T, bool>) return sum != 0;
  else return static_cast<T>(sum);
}

// bool goes by way of its own conversion; floats that become integers by int64.
template <class To, class From>
To converted(From x) {
  if constexpr (std::is_same_v<To, bool>) return static_cast<double>(x) != 0;
  else if constexpr (std::is_same_v<From, Half> || std::is_same_v<From, BFloat16>)
    return converted<To>(static_cast<float>(x));
  else if constexpr (std::is_same_v<To, Half> || std::is_same_v<To, BFloat16>)
    return static_cast<To>(static_cast<float>(x));
  else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>)
    return static_cast<To>(static_cast<int64_t>(x));
  else return static_cast<To>(x);
}

template <class From, class To>
void add_line(const From* in, To* out, const Lines& l) {
  using Acc = typename Sum<To>::Type;
  Acc sum = 0;
  for (int64_t i = 0; i < l.n; ++i) {
    const To x = converted<To>(in[i * l.in_step]);
    if constexpr (std::is_integral_v<To>) sum += static_cast<Acc>(static_cast<int64_t>(x));
    else sum += static_cast<Acc>(x);
    out[i * l.out_step] = rounded<To>(sum);
  }
}

// Visits the first element of every line.
template <class From, class To>
void add_lines(const Array& in, const Array& out, int dim, const From* x, To* y, const Lines& l) {
  int64_t index[64] = {};
  for (;;) {
    add_line(x, y, l);
    int d = in.ndim - 1;
    for (; d >= 0; --d) {
      if (d == dim) continue;
      x += in.strides[d];
      y += out.strides[d];
      if (++index[d] < in.sizes[d]) break;
      x -= in.strides[d] * in.sizes[d];
      y -= out.strides[d] * in.sizes[d];
      index[d] = 0;
    }
    if (d < 0) return;
  }
}

}  // namespace

void running_sum(const Array& in, const Array& out, int dim, bool reversed) {
  if (in.numel() == 0) return;
  Lines l{1, 0, 0};
  if (in.ndim > 0) l = {in.sizes[dim], in.strides[dim], out.strides[dim]};
  dispatch(in.dtype, [&]<class From>() {
    dispatch(out.dtype, [&]<class To>() {
      const From* x = in.as<From>();
      To* y = out.as<To>();
      Lines lines = l;
      if (reversed) {
        x += (l.n - 1) * l.in_step;
        y += (l.n - 1) * l.out_step;
        lines = {l.n, -l.in_step, -l.out_step};
      }
      add_lines(in, out, dim, x, y, lines);
    });
  });
}

}  // namespace gradus
