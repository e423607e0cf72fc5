// Scans: several neighbouring lines run side by side, each in order.
#include "gradus/kernels/scan.h"

#include <type_traits>

#include "gradus/kernels/lines.h"
#include "gradus/kernels/scan_table.h"

namespace gradus {
namespace {

template <class T>
struct Running {
  using Type = std::conditional_t<std::is_floating_point_v<T>, double, uint64_t>;
};
template <>
struct Running<Half> {
  using Type = float;
};
template <>
struct Running<BFloat16> {
  using Type = float;
};
template <class T>
using Acc = typename Running<T>::Type;

template <class T>
Acc<T> widened(T x) {
  if constexpr (std::is_integral_v<T>) return static_cast<Acc<T>>(static_cast<int64_t>(x));
  else return static_cast<Acc<T>>(x);
}
template <class T>
T rounded(Acc<T> x) {
  if constexpr (std::is_same_v<T, bool>) return x != 0;
  else return static_cast<T>(x);
}

template <Scan Op, class A>
A combine(A a, A b) {
  return Op == Scan::Sum ? a + b : a * b;
}

template <Scan Op, class T>
void scan_lines(const T* x, T* y, const ScanBlock& b) {
  constexpr int64_t width = 64;
  Acc<T> acc[width];
  for (int64_t first = 0; first < b.lines; first += width) {
    const int64_t m = b.lines - first < width ? b.lines - first : width;
    const T* from = x + first * b.in_next;
    T* to = y + first * b.out_next;
    for (int64_t c = 0; c < m; ++c) acc[c] = Op == Scan::Sum ? Acc<T>(0) : Acc<T>(1);
    for (int64_t i = 0; i < b.n; ++i, from += b.in_step, to += b.out_step) {
      if (b.in_next == 1 && b.out_next == 1) {
        for (int64_t c = 0; c < m; ++c) acc[c] = combine<Op>(acc[c], widened(from[c]));
        for (int64_t c = 0; c < m; ++c) to[c] = rounded<T>(acc[c]);
      } else {
        for (int64_t c = 0; c < m; ++c) {
          acc[c] = combine<Op>(acc[c], widened(from[c * b.in_next]));
          to[c * b.out_next] = rounded<T>(acc[c]);
        }
      }
    }
  }
}

// Four lines at a time: one alone waits for every addition.
template <Scan Op, class T>
void scan_few(const T* x, T* y, const ScanBlock& b) {
  int64_t c = 0;
  for (; c + 4 <= b.lines; c += 4) {
    const T *p0 = x + c * b.in_next, *p1 = p0 + b.in_next, *p2 = p1 + b.in_next, *p3 = p2 + b.in_next;
    T *q0 = y + c * b.out_next, *q1 = q0 + b.out_next, *q2 = q1 + b.out_next, *q3 = q2 + b.out_next;
    Acc<T> a0 = Op == Scan::Sum ? 0 : 1, a1 = a0, a2 = a0, a3 = a0;
    for (int64_t i = 0, j = 0, k = 0; k < b.n; ++k, i += b.in_step, j += b.out_step) {
      q0[j] = rounded<T>(a0 = combine<Op>(a0, widened(p0[i])));
      q1[j] = rounded<T>(a1 = combine<Op>(a1, widened(p1[i])));
      q2[j] = rounded<T>(a2 = combine<Op>(a2, widened(p2[i])));
      q3[j] = rounded<T>(a3 = combine<Op>(a3, widened(p3[i])));
    }
  }
  for (; c < b.lines; ++c) {
    const T* p = x + c * b.in_next;
    T* q = y + c * b.out_next;
    Acc<T> a = Op == Scan::Sum ? 0 : 1;
    for (int64_t k = 0; k < b.n; ++k) q[k * b.out_step] = rounded<T>(a = combine<Op>(a, widened(p[k * b.in_step])));
  }
}

template <Scan Op, class T>
void scan_block(const T* x, T* y, const ScanBlock& b) {
  if (b.in_next == 1 && b.out_next == 1 && b.lines >= 8) scan_lines<Op>(x, y, b);
  else scan_few<Op>(x, y, b);
}

// The other dim with the smallest stride, -1 if there is none: its lines go together.
int dim_beside(const Array& in, int dim) {
  int beside = -1;
  for (int d = 0; d < in.ndim; ++d)
    if (d != dim && in.sizes[d] > 1 && (beside < 0 || in.strides[d] <= in.strides[beside])) beside = d;
  return beside;
}

// Calls f(offsets, first line, end of the lines) for every group, on several threads: groups are spread if there are
// many, else each is cut.
template <int K, class F>
void for_each_group(const Array& in, int dim, int beside, const Array* const (&arrays)[K], const F& f) {
  constexpr double kElement = 0.6;  // nanoseconds, roughly
  constexpr int64_t kLines = 16;    // neighbouring columns share lines of memory
  int64_t sizes[64];
  for (int d = 0; d < in.ndim; ++d) sizes[d] = d == beside ? 1 : in.sizes[d];
  const Array groups{nullptr, in.dtype, in.ndim, sizes, in.strides};
  const int64_t lines = beside < 0 ? 1 : in.sizes[beside];
  const double line = kElement * static_cast<double>(line_size(in, dim)), group = line * static_cast<double>(lines);
  if (lines == 1 || count_lines(groups, dim) >= 2 * static_cast<int64_t>(num_threads()))
    return LineParts(groups, dim, group).for_each<K>(arrays, [&](int64_t, const int64_t* at) { f(at, 0, lines); });
  for_each_line<K>(groups, dim, arrays, [&](const int64_t* at) {
    const auto part = [&](int64_t begin, int64_t end) { f(at, begin, end); };
    parallel_for(lines, (grain_for(line) / kLines + 1) * kLines, part, group);
  });
}

// Calls f(offset of in, offset of out, block) for every group of lines.
template <class F>
void for_each_block(const Array& in, const Array& out, int dim, bool reversed, F&& f) {
  const int beside = dim_beside(in, dim);
  ScanBlock b{line_size(in, dim), 1, line_stride(in, dim), line_stride(out, dim), 0, 0};
  if (beside >= 0) {
    b.lines = in.sizes[beside];
    b.in_next = in.strides[beside];
    b.out_next = out.strides[beside];
  }
  const int64_t in_start = reversed ? (b.n - 1) * b.in_step : 0, out_start = reversed ? (b.n - 1) * b.out_step : 0;
  if (reversed) {
    b.in_step = -b.in_step;
    b.out_step = -b.out_step;
  }
  for_each_group<2>(in, dim, beside, {&in, &out}, [&](const int64_t* at, int64_t begin, int64_t end) {
    ScanBlock part = b;
    part.lines = end - begin;
    f(at[0] + in_start + begin * b.in_next, at[1] + out_start + begin * b.out_next, part);
  });
}

template <class T>
void recurrence_line(const T* factor, int64_t factor_step, const T* term, int64_t term_step, T* out, int64_t out_step,
                     int64_t n) {
  using A = Acc<T>;
  A y = 0;
  for (int64_t i = 0; i < n; ++i) {
    y = static_cast<A>(term[i * term_step]) + (i ? static_cast<A>(factor[i * factor_step]) * y : A(0));
    out[i * out_step] = static_cast<T>(y);
  }
}

template <class F>
void dispatch_floats(DType t, F&& f) {
  switch (t) {
    case DType::Float16: return f.template operator()<Half>();
    case DType::BFloat16: return f.template operator()<BFloat16>();
    case DType::Float64: return f.template operator()<double>();
    default: return f.template operator()<float>();
  }
}

}  // namespace

void running(Scan op, const Array& in, const Array& out, int dim, bool reversed) {
  if (in.numel() == 0) return;
  dispatch(in.dtype, [&]<class T>() {
    for_each_block(in, out, dim, reversed, [&](int64_t x, int64_t y, const ScanBlock& b) {
      if (op == Scan::Sum) scan_block<Scan::Sum>(in.as<T>() + x, out.as<T>() + y, b);
      else scan_block<Scan::Prod>(in.as<T>() + x, out.as<T>() + y, b);
    });
  });
}

void linear_recurrence(const Array& factor, const Array& term, const Array& out, int dim, bool reversed) {
  if (out.numel() == 0) return;
  const int64_t n = line_size(out, dim);
  int64_t step[3] = {line_stride(factor, dim), line_stride(term, dim), line_stride(out, dim)}, start[3] = {};
  for (int k = 0; k < 3 && reversed; ++k) {
    start[k] = (n - 1) * step[k];
    step[k] = -step[k];
  }
  dispatch_floats(out.dtype, [&]<class T>() {
    const LineParts parts(out, dim, 4.0 * static_cast<double>(n));
    parts.for_each<3>({&factor, &term, &out}, [&](int64_t, const int64_t* at) {
      recurrence_line(factor.as<T>() + at[0] + start[0], step[0], term.as<T>() + at[1] + start[1], step[1],
                      out.as<T>() + at[2] + start[2], step[2], n);
    });
  });
}

void running_extremum(bool max, const Array& in, int dim, const Array& values, const Array& indices) {
  if (in.numel() == 0) return;
  const int beside = dim_beside(in, dim);
  const Array* const arrays[3] = {&in, &values, &indices};
  ExtremumBlock b{line_size(in, dim), beside < 0 ? 1 : in.sizes[beside], {}, {}};
  for (int k = 0; k < 3; ++k) {
    b.step[k] = line_stride(*arrays[k], dim);
    b.next[k] = beside < 0 ? 0 : arrays[k]->strides[beside];
  }
  const auto scan = GRADUS_PICK(scan_table).extremum[!max][static_cast<int>(in.dtype)];
  const int64_t item = item_size(in.dtype);
  for_each_group<3>(in, dim, beside, arrays, [&](const int64_t* at, int64_t begin, int64_t end) {
    ExtremumBlock part = b;
    part.lines = end - begin;
    scan(in.as<char>() + (at[0] + begin * b.next[0]) * item, values.as<char>() + (at[1] + begin * b.next[1]) * item,
         indices.as<int64_t>() + at[2] + begin * b.next[2], part);
  });
}

void running_logsumexp(const Array& in, const Array& out, int dim, bool reversed) {
  if (in.numel() == 0) return;
  const auto scan = GRADUS_PICK(scan_table).logsumexp[static_cast<int>(in.dtype)];
  for_each_block(in, out, dim, reversed, [&](int64_t x, int64_t y, const ScanBlock& b) {
    scan(in.as<char>() + x * item_size(in.dtype), out.as<char>() + y * item_size(in.dtype), b);
  });
}

}  // namespace gradus
