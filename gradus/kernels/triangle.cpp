// Triangles of matrices: every row is a part that is kept and a part that is zero.
#include "gradus/kernels/triangle.h"

#include <cstring>

#include "gradus/kernels/strided_loop.h"

namespace gradus {
namespace {

struct Matrix {
  int64_t rows, cols, in_row, in_col, out_row, out_col;
};

template <class T>
void keep(const T* in, T* out, int64_t n, const Matrix& m) {
  if (in == out) return;
  if (m.in_col == 1 && m.out_col == 1) {
    std::memcpy(out, in, static_cast<size_t>(n) * sizeof(T));
  } else {
    for (int64_t j = 0; j < n; ++j) out[j * m.out_col] = in[j * m.in_col];
  }
}
template <class T>
void clear(T* out, int64_t n, const Matrix& m) {
  if (m.out_col == 1) {
    std::memset(static_cast<void*>(out), 0, static_cast<size_t>(n) * sizeof(T));
  } else {
    for (int64_t j = 0; j < n; ++j) out[j * m.out_col] = T(0);
  }
}

template <class T>
void run_matrix(const T* in, T* out, const Matrix& m, int64_t diagonal, bool lower) {
  for (int64_t i = 0; i < m.rows; ++i, in += m.in_row, out += m.out_row) {
    int64_t cut = i + diagonal + lower;  // columns before it belong to the lower part
    cut = cut < 0 ? 0 : cut > m.cols ? m.cols : cut;
    if (lower) {
      keep(in, out, cut, m);
      clear(out + cut * m.out_col, m.cols - cut, m);
    } else {
      clear(out, cut, m);
      keep(in + cut * m.in_col, out + cut * m.out_col, m.cols - cut, m);
    }
  }
}

}  // namespace

void triangle(const Array& in, const Array& out, int64_t diagonal, bool lower) {
  if (out.numel() == 0) return;
  const int n = in.ndim;
  const Matrix m{in.sizes[n - 2],   in.sizes[n - 1],    in.strides[n - 2],
                 in.strides[n - 1], out.strides[n - 2], out.strides[n - 1]};
  const int64_t most = m.rows + m.cols;
  const int64_t d = diagonal < -most ? -most : diagonal > most ? most : diagonal;
  const StridedLoop<2> batch(n - 2, in.sizes, {in.strides, out.strides});
  const auto run = [&]<class T>(T) {
    batch.for_each_run([&](const int64_t* at) {
      for (int64_t k = 0; k < batch.run(); ++k)
        run_matrix(in.as<T>() + at[0] + k * batch.stride(0), out.as<T>() + at[1] + k * batch.stride(1), m, d, lower);
    });
  };
  switch (item_size(in.dtype)) {  // values are only moved
    case 1: return run(uint8_t{});
    case 2: return run(uint16_t{});
    case 4: return run(uint32_t{});
    default: return run(uint64_t{});
  }
}

}  // namespace gradus
