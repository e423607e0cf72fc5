// Reads and writes through tables of indices: rows of the last dim, of which a middle part is contiguous.
#include "gradus/kernels/pad.h"

#include <cstring>
#include <type_traits>
#include <vector>

namespace gradus {
namespace {

// Calls f(offset in `table`, offset in `walked`) for every row of `walked`; offsets of the table follow the indices.
template <class F>
void for_each_row(const Array& walked, const Array& table, const int64_t* const* tables, F&& f) {
  const int last = walked.ndim - 1;
  int64_t index[64] = {};
  for (;;) {
    int64_t at = 0, row = 0;
    for (int d = 0; d < last; ++d) {
      at += (tables[d] ? tables[d][index[d]] : index[d]) * table.strides[d];
      row += index[d] * walked.strides[d];
    }
    f(at, row);
    int d = last - 1;
    for (; d >= 0; --d) {
      if (++index[d] < walked.sizes[d]) break;
      index[d] = 0;
    }
    if (d < 0) return;
  }
}

// The longest stretch in which indices rise by one.
struct Stretch {
  int64_t begin = 0, end = 0;
  Stretch(const int64_t* index, int64_t n) {
    for (int64_t from = 0; from < n;) {
      int64_t to = from + 1;
      while (to < n && index[to] == index[to - 1] + 1) ++to;
      if (to - from > end - begin) {
        begin = from;
        end = to;
      }
      from = to;
    }
  }
};

// Indices of the last dim, also where it has no table.
std::vector<int64_t> last_table(const Array& walked, const int64_t* const* tables) {
  const int last = walked.ndim - 1;
  std::vector<int64_t> index(static_cast<size_t>(walked.sizes[last]));
  for (size_t i = 0; i < index.size(); ++i) index[i] = tables[last] ? tables[last][i] : static_cast<int64_t>(i);
  return index;
}

template <class T>
T sum(T a, T b) {
  if constexpr (std::is_same_v<T, bool>) return a || b;
  else if constexpr (std::is_integral_v<T>) return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
  else if constexpr (sizeof(T) == 2) return static_cast<T>(static_cast<float>(a) + static_cast<float>(b));
  else return a + b;
}

}  // namespace

void read_by_tables(const Array& in, const Array& out, const int64_t* const* tables) {
  if (out.numel() == 0) return;
  const std::vector<int64_t> columns = last_table(out, tables);
  const auto n = static_cast<int64_t>(columns.size());
  const int64_t is = in.strides[in.ndim - 1], os = out.strides[out.ndim - 1];
  const Stretch stretch(columns.data(), n);
  const auto run = [&]<class T>(T) {
    for_each_row(out, in, tables, [&](int64_t at, int64_t row) {
      const T* x = in.as<T>() + at;
      T* y = out.as<T>() + row;
      if (is == 1 && os == 1) {
        for (int64_t i = 0; i < stretch.begin; ++i) y[i] = x[columns[static_cast<size_t>(i)]];
        std::memcpy(y + stretch.begin, x + columns[static_cast<size_t>(stretch.begin)],
                    static_cast<size_t>(stretch.end - stretch.begin) * sizeof(T));
        for (int64_t i = stretch.end; i < n; ++i) y[i] = x[columns[static_cast<size_t>(i)]];
      } else {
        for (int64_t i = 0; i < n; ++i) y[i * os] = x[columns[static_cast<size_t>(i)] * is];
      }
    });
  };
  switch (item_size(out.dtype)) {
    case 1: return run(uint8_t{});
    case 2: return run(uint16_t{});
    case 4: return run(uint32_t{});
    default: return run(uint64_t{});
  }
}

void add_by_tables(const Array& grad, const Array& grad_in, const int64_t* const* tables) {
  if (grad.numel() == 0) return;
  const std::vector<int64_t> columns = last_table(grad, tables);
  const auto n = static_cast<int64_t>(columns.size());
  const int64_t is = grad_in.strides[grad_in.ndim - 1], gs = grad.strides[grad.ndim - 1];
  dispatch(grad.dtype, [&]<class T>() {
    for_each_row(grad, grad_in, tables, [&](int64_t at, int64_t row) {
      T* x = grad_in.as<T>() + at;
      const T* y = grad.as<T>() + row;
      for (int64_t i = 0; i < n; ++i) {
        T& target = x[columns[static_cast<size_t>(i)] * is];
        target = sum(target, y[i * gs]);
      }
    });
  });
}

}  // namespace gradus
