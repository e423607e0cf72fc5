// Advanced indexing, embedding rows, gather and scatter: address arithmetic around moves by element size.
#include "gradus/kernels/index.h"

#include <cstring>

#include "gradus/core/half.h"
#include "gradus/kernels/reduce_table.h"
#include "gradus/kernels/strided_loop.h"

namespace gradus {
namespace {

constexpr int64_t kBlock = 512;  // addresses computed together

// What happens between an element of the indexed tensor and one of the other array.
struct Get {
  static constexpr bool moves = true;
  template <class T>
  void operator()(const T& table, T& other) const {
    other = table;
  }
};
struct Put {
  static constexpr bool moves = true;
  template <class T>
  void operator()(T& table, const T& other) const {
    table = other;
  }
};
struct Add {
  static constexpr bool moves = false;
  template <class T>
  void operator()(T& table, const T& other) const {
    if constexpr (sizeof(T) == 2 && !std::is_integral_v<T>) table = T(float(table) + float(other));
    else if constexpr (std::is_same_v<T, bool>) table = table || other;
    else if constexpr (std::is_integral_v<T>)
      table = static_cast<T>(static_cast<uint64_t>(table) + static_cast<uint64_t>(other));
    else table = table + other;
  }
};
struct Multiply {
  static constexpr bool moves = false;
  template <class T>
  void operator()(T& table, const T& other) const {
    if constexpr (sizeof(T) == 2 && !std::is_integral_v<T>) table = T(float(table) * float(other));
    else if constexpr (std::is_same_v<T, bool>) table = table && other;
    else if constexpr (std::is_integral_v<T>)
      table = static_cast<T>(static_cast<uint64_t>(table) * static_cast<uint64_t>(other));
    else table = table * other;
  }
};

template <bool Larger>
struct Extremum {
  static constexpr bool moves = false;
  template <class T>
  void operator()(T& table, const T& other) const {
    if constexpr (sizeof(T) == 2 && !std::is_integral_v<T>) {
      const float a = float(table), b = float(other);
      if (b != b || (Larger ? b > a : b < a)) table = other;
    } else if (other != other || (Larger ? other > table : other < table)) {
      table = other;
    }
  }
};

// Calls f.operator()<T>() with a type of that size (moves) or of that dtype (arithmetic).
template <class Op, class F>
void with_element(DType dtype, F&& f) {
  if constexpr (!Op::moves) {
    dispatch(dtype, f);
  } else {
    switch (item_size(dtype)) {
      case 1: return f.template operator()<uint8_t>();
      case 2: return f.template operator()<uint16_t>();
      case 4: return f.template operator()<uint32_t>();
      default: return f.template operator()<uint64_t>();
    }
  }
}

// One run of the slice for a block of positions.
struct Slice {
  int64_t n, table_stride, other_stride;
  bool positions_inside;  // neighbouring positions are nearer in memory than neighbouring slice elements
};

// Position k of the block is table[table_at[k]] and other[k * step].
template <class T, class Op>
void run_positions(T* table, T* other, const int64_t* table_at, int64_t step, int64_t m) {
  const Op op;
  if (step == 1) {
    for (int64_t k = 0; k < m; ++k) op(table[table_at[k]], other[k]);
  } else {
    for (int64_t k = 0; k < m; ++k) op(table[table_at[k]], other[k * step]);
  }
}

template <class T, class Op>
void run_block(T* table, T* other, const int64_t* table_at, int64_t step, int64_t m, const Slice& s) {
  const Op op;
  if (s.n == 1) {
    run_positions<T, Op>(table, other, table_at, step, m);
  } else if (s.positions_inside) {
    for (int64_t i = 0; i < s.n; ++i, table += s.table_stride, other += s.other_stride)
      run_positions<T, Op>(table, other, table_at, step, m);
  } else if (s.table_stride == 1 && s.other_stride == 1) {
    for (int64_t k = 0; k < m; ++k) {
      T *t = table + table_at[k], *o = other + k * step;
      if constexpr (std::is_same_v<Op, Get>) std::memcpy(o, t, static_cast<size_t>(s.n) * sizeof(T));
      else if constexpr (std::is_same_v<Op, Put>) std::memcpy(t, o, static_cast<size_t>(s.n) * sizeof(T));
      else if constexpr (std::is_same_v<T, float>) {
        reductions().accumulate[0][static_cast<int>(Acc::Float)](t, o, 1, 0, s.n);
      } else {
        for (int64_t i = 0; i < s.n; ++i) op(t[i], o[i]);
      }
    }
  } else {
    for (int64_t k = 0; k < m; ++k) {
      T *t = table + table_at[k], *o = other + k * step;
      for (int64_t i = 0; i < s.n; ++i) op(t[i * s.table_stride], o[i * s.other_stride]);
    }
  }
}

int64_t magnitude(int64_t v) { return v < 0 ? -v : v; }

// A block of positions after another of one loop over positions, each with the whole of `inner`.
template <class T, class Op, int N>
void run_part(const Array& slice, const IndexSpec& spec, const Array& other, const StridedLoop<N + 1>& positions,
              const StridedLoop<2>& inner) {
  const Slice run{inner.run(), inner.stride(0), inner.stride(1),
                  positions.run() > 1 && magnitude(positions.stride(N)) < magnitude(inner.stride(1))};
  const int64_t other_step = positions.stride(N);
  int64_t table_at[kBlock];
  positions.for_each_run([&](const int64_t* offset) {
    for (int64_t from = 0; from < positions.run(); from += kBlock) {
      const int64_t m = positions.run() - from < kBlock ? positions.run() - from : kBlock;
      for (int64_t k = 0; k < m; ++k) table_at[k] = 0;
      T* others = other.as<T>() + offset[N] + from * other_step;
      for (int j = 0; j < N; ++j) {
        const int64_t* index = spec.index[j].template as<int64_t>() + offset[j] + from * positions.stride(j);
        const int64_t step = positions.stride(j), size = spec.dim_sizes[j], stride = spec.dim_strides[j];
        for (int64_t k = 0; k < m; ++k) {
          const int64_t i = index[k * step];
          table_at[k] += (i < 0 ? i + size : i) * stride;
        }
      }
      inner.for_each_run([&](const int64_t* at) {
        run_block<T, Op>(slice.as<T>() + at[0], others + at[1], table_at, other_step, m, run);
      });
    }
  });
}

// The dims of B followed by those of the slice, for `other`; the slice dims alone for the table. Threads share the
// positions of a read, and the slice of a write, as its positions may repeat and keep their order.
template <class T, class Op, int N>
void run_indexed(const Array& slice, const IndexSpec& spec, const Array& other) {
  constexpr int64_t kFewest = 64;
  const Array& first = spec.index[0];
  const int64_t* strides[N + 1];
  for (int j = 0; j < N; ++j) strides[j] = spec.index[j].strides;
  strides[N] = other.strides;
  const StridedLoop<N + 1> positions(first.ndim, first.sizes, strides);
  const StridedLoop<2> inner(slice.ndim, slice.sizes, {slice.strides, other.strides + first.ndim});
  const double cost = static_cast<double>(positions.elements()) * (5 + 0.2 * static_cast<double>(inner.elements()));
  if constexpr (std::is_same_v<Op, Get>) {
    positions.for_each_part(
        cost, 1, [&](const StridedLoop<N + 1>& part) { run_part<T, Op, N>(slice, spec, other, part, inner); });
  } else if (inner.elements() >= 2 * kFewest) {
    inner.for_each_part(cost, kFewest,
                        [&](const StridedLoop<2>& part) { run_part<T, Op, N>(slice, spec, other, positions, part); });
  } else {
    run_part<T, Op, N>(slice, spec, other, positions, inner);
  }
}

template <class T, class Op>
void run_counted(const Array& slice, const IndexSpec& spec, const Array& other) {
  switch (spec.n_indexed) {
    case 1: return run_indexed<T, Op, 1>(slice, spec, other);
    case 2: return run_indexed<T, Op, 2>(slice, spec, other);
    default: break;
  }
  IndexSpec padded = spec;  // missing dims take a stride of 0
  for (int j = spec.n_indexed; j < kMaxIndexed; ++j) {
    padded.index[j] = spec.index[0];
    padded.dim_sizes[j] = padded.dim_strides[j] = 0;
  }
  run_indexed<T, Op, kMaxIndexed>(slice, padded, other);
}

template <class Op>
void run_dtype(const Array& slice, const IndexSpec& spec, const Array& other) {
  with_element<Op>(other.dtype, [&]<class T>() { run_counted<T, Op>(slice, spec, other); });
}

IndexSpec row_spec(const Array& table, const Array& index) {
  IndexSpec spec;
  spec.n_indexed = 1;
  spec.dim_sizes[0] = table.sizes[0];
  spec.dim_strides[0] = table.strides[0];
  spec.index[0] = index;
  return spec;
}

Array row_slice(const Array& table) {
  return {table.data, table.dtype, table.ndim - 1, table.sizes + 1, table.strides + 1};
}

// Walks the shape of `index`: element [i… with index at dim] of `table` against element i… of `other`.
// `strides` are those of the table over that shape, zero at dim.
template <class T, class Op>
void run_picked(const Array& table, int64_t dim_stride, const int64_t* strides, const Array& index,
                const Array& other) {
  const Op op;
  const StridedLoop<3> loop(index.ndim, index.sizes, {index.strides, strides, other.strides});
  const int64_t is = loop.stride(0), ts = loop.stride(1), os = loop.stride(2);
  const auto run = [&](const StridedLoop<3>& part) {
    const int64_t n = part.run();
    part.for_each_run([&](const int64_t* at) {
      const int64_t* i = index.as<int64_t>() + at[0];
      T *t = table.as<T>() + at[1], *o = other.as<T>() + at[2];
      if (ts == 0 && dim_stride == 1 && is == 1 && os == 1) {  // along the last dim, everything dense
        for (int64_t k = 0; k < n; ++k) op(t[i[k]], o[k]);
      } else {
        for (int64_t k = 0; k < n; ++k) op(t[k * ts + i[k * is] * dim_stride], o[k * os]);
      }
    });
  };
  if constexpr (std::is_same_v<Op, Get>) loop.for_each_part(static_cast<double>(loop.elements()), 64, run);
  else run(loop);
}

template <class Op>
void run_along(const Array& table, int dim, const Array& index, const Array& other) {
  int64_t strides[64];
  for (int d = 0; d < index.ndim; ++d) strides[d] = d == dim ? 0 : table.strides[d];
  const int64_t dim_stride = table.ndim ? table.strides[dim] : 0;
  with_element<Op>(other.dtype, [&]<class T>() { run_picked<T, Op>(table, dim_stride, strides, index, other); });
}

}  // namespace

void index_get(const Array& slice, const IndexSpec& spec, const Array& out) { run_dtype<Get>(slice, spec, out); }

void index_put(const Array& slice, const IndexSpec& spec, const Array& values, bool accumulate) {
  if (accumulate) {
    run_dtype<Add>(slice, spec, values);
  } else {
    run_dtype<Put>(slice, spec, values);
  }
}

void gather_rows(const Array& table, const Array& index, const Array& out) {
  index_get(row_slice(table), row_spec(table, index), out);
}

void scatter_add_rows(const Array& grad, const Array& index, const Array& out_table, int64_t padding_idx) {
  const Array slice = row_slice(out_table);
  if (padding_idx < 0) return index_put(slice, row_spec(out_table, index), grad, true);
  const StridedLoop<2> positions(index.ndim, index.sizes, {index.strides, grad.strides});
  int64_t sizes[64], strides[64], index_stride[1] = {positions.stride(0)};
  for (int d = 0; d < slice.ndim; ++d) {
    sizes[d + 1] = slice.sizes[d];
    strides[d + 1] = grad.strides[index.ndim + d];
  }
  strides[0] = positions.stride(1);
  positions.for_each_run([&](const int64_t* at) {
    const int64_t* row = index.as<int64_t>() + at[0];
    for (int64_t k = 0, n; k < positions.run(); k += n + 1) {  // rows up to the next padding
      for (n = 0; k + n < positions.run() && row[(k + n) * index_stride[0]] != padding_idx;) ++n;
      sizes[0] = n;
      char* rows = grad.as<char>() + (at[1] + k * strides[0]) * item_size(grad.dtype);
      const Array where{const_cast<int64_t*>(row + k * index_stride[0]), kInt64, 1, sizes, index_stride};
      index_put(slice, row_spec(out_table, where), {rows, grad.dtype, slice.ndim + 1, sizes, strides}, true);
    }
  });
}

void gather(const Array& in, int dim, const Array& index, const Array& out) { run_along<Get>(in, dim, index, out); }

void scatter(const Array& dst, int dim, const Array& index, const Array& src, ScatterMode mode) {
  if (mode == ScatterMode::Add) {
    run_along<Add>(dst, dim, index, src);
  } else if (mode == ScatterMode::Multiply) {
    run_along<Multiply>(dst, dim, index, src);
  } else if (mode == ScatterMode::Max) {
    run_along<Extremum<true>>(dst, dim, index, src);
  } else if (mode == ScatterMode::Min) {
    run_along<Extremum<false>>(dst, dim, index, src);
  } else {
    run_along<Put>(dst, dim, index, src);
  }
}

}  // namespace gradus
