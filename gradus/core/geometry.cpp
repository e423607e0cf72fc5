// The arithmetic of sizes and strides.
#include "gradus/core/geometry.h"

#include <algorithm>

#include "gradus/core/format.h"

namespace gradus {

int64_t wrap_dim(int64_t dim, int64_t ndim) {
  const int64_t n = ndim == 0 ? 1 : ndim;
  check_as(ErrorKind::Index, dim >= -n && dim < n, "Dimension out of range (expected to be in range of [", -n, ", ",
           n - 1, "], but got ", dim, ")");
  return dim < 0 ? dim + n : dim;
}

int64_t storage_bytes(const IntList& sizes, const IntList& strides, int64_t offset, int64_t item) {
  int64_t last = offset, bytes = 0;
  bool fits = true;
  for (int64_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == 0) return 0;
    int64_t span;
    fits =
        fits && !__builtin_mul_overflow(sizes[i] - 1, strides[i], &span) && !__builtin_add_overflow(last, span, &last);
  }
  fits = fits && last < INT64_MAX && !__builtin_mul_overflow(last + 1, item, &bytes);
  check(fits, "Storage size calculation overflowed with sizes=", sizes, " and strides=", strides);
  return bytes;
}

Dims dense_strides(const IntList& sizes) {
  Dims out;
  out.resize(sizes.size());
  int64_t step = 1;
  bool fits = true;
  for (int64_t i = sizes.size() - 1; i >= 0; --i) {
    out[i] = step;
    fits = !__builtin_mul_overflow(step, std::max<int64_t>(sizes[i], 1), &step) && fits;
  }
  check(fits, "Stride calculation overflowed");
  return out;
}

Dims broadcast_sizes(const IntList& a, const IntList& b) {
  const int64_t n = std::max(a.size(), b.size());
  Dims out;
  out.resize(n);
  for (int64_t i = n; i-- > 0;) {  // from the last, which is the one that PyTorch's message names
    const int64_t ia = i - (n - a.size()), ib = i - (n - b.size());
    const int64_t x = ia < 0 ? 1 : a[ia], y = ib < 0 ? 1 : b[ib];
    check(x == y || x == 1 || y == 1, "The size of tensor a (", x, ") must match the size of tensor b (", y,
          ") at non-singleton dimension ", i);
    out[i] = x == 1 ? y : x;
  }
  return out;
}

Dims expand_strides(const IntList& sizes, const IntList& strides, const IntList& target) {
  Dims out(target.size(), 0);
  const int64_t lead = target.size() - sizes.size();
  for (int64_t i = 0; i < sizes.size(); ++i) out[lead + i] = sizes[i] == 1 && target[lead + i] != 1 ? 0 : strides[i];
  return out;
}

bool is_expandable_to(const IntList& sizes, const IntList& target) {
  if (sizes.size() > target.size()) return false;
  const int64_t lead = target.size() - sizes.size();
  for (int64_t i = 0; i < sizes.size(); ++i)
    if (sizes[i] != target[lead + i] && sizes[i] != 1) return false;
  return true;
}

bool is_contiguous(const IntList& sizes, const IntList& strides) {
  int64_t step = 1;
  bool follows = true;
  for (int64_t d = sizes.size() - 1; d >= 0; step *= sizes[d--]) {
    if (sizes[d] == 0) return true;
    follows = follows && (sizes[d] == 1 || strides[d] == step);
  }
  return follows;
}

bool is_channels_last(const IntList& sizes, const IntList& strides, MemoryFormat format) {
  const int64_t n = format == MemoryFormat::ChannelsLast ? 4 : 5;
  if (sizes.size() != n) return false;
  int64_t step = 1;
  for (int64_t k = 0; k < n; ++k) {
    const int64_t d = k == 0 ? 1 : k == n - 1 ? 0 : n - k;  // C, then W, H, (D), then N
    if (sizes[d] != 1 && strides[d] != step) return false;
    step *= sizes[d];
  }
  return true;
}

Dims format_strides(const IntList& sizes, MemoryFormat format) {
  if (format == MemoryFormat::Contiguous) return dense_strides(sizes);
  const int64_t rank = format == MemoryFormat::ChannelsLast ? 4 : 5;
  check(sizes.size() == rank, "required rank ", rank, " tensor to use channels_last", rank == 5 ? "_3d" : "",
        " format");
  Dims strides(rank, 1);
  int64_t step = sizes[1];
  for (int64_t d = rank - 1; d > 1; step *= sizes[d--]) strides[d] = step;
  strides[0] = step;
  return strides;
}

namespace {
// Dims of size > 1 by rising stride.
Dims by_stride(const IntList& sizes, const IntList& strides) {
  Dims order;
  for (int64_t i = 0; i < sizes.size(); ++i)
    if (sizes[i] != 1) order.push_back(i);
  std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return strides[a] < strides[b]; });
  return order;
}
}  // namespace

bool is_non_overlapping_and_dense(const IntList& sizes, const IntList& strides) {
  int64_t step = 1;
  for (int64_t s : sizes)
    if (s == 0) return true;
  for (int64_t d : by_stride(sizes, strides)) {
    if (strides[d] != step) return false;
    step *= sizes[d];
  }
  return true;
}

bool is_nested(const IntList& sizes, const IntList& strides) {
  int64_t reached = 0, d = sizes.size();
  const auto steps_over = [&](int64_t dim) {
    const bool over = sizes[dim] == 1 || strides[dim] > reached;
    if (sizes[dim] != 1) reached += (sizes[dim] - 1) * strides[dim];
    return over;
  };
  while (d > 0 && steps_over(d - 1)) --d;  // mostly strides rise from the last dim on
  if (d == 0) return true;
  reached = 0;
  for (int64_t dim : by_stride(sizes, strides))
    if (!steps_over(dim)) return false;
  return true;
}

bool has_internal_overlap(const IntList& sizes, const IntList& strides) {
  for (int64_t i = 0; i < sizes.size(); ++i)
    if (sizes[i] > 1 && strides[i] == 0) return true;
  return false;
}

Dims pointwise_strides(const IntList& sizes, const Dims* operands, int n, bool like) {
  // Insertion sort from the innermost dim: a pair is swapped when the first operand that can tell says so.
  const int64_t ndim = sizes.size();
  Dims perm;
  for (int64_t i = ndim - 1; i >= 0; --i) perm.push_back(i);
  auto compare = [&](int64_t a, int64_t b) {
    for (int k = 0; k < n; ++k) {
      const int64_t x = operands[k][a], y = operands[k][b];
      if (x == 0 || y == 0) continue;
      if (x != y) return x < y ? -1 : 1;
      if (sizes[a] > sizes[b]) return 1;
    }
    return 0;
  };
  for (int64_t i = 1; i < ndim; ++i) {
    int64_t at = i;
    for (int64_t j = i - 1; j >= 0; --j) {
      const int c = compare(perm[j], perm[at]);
      if (c > 0) {
        std::swap(perm[j], perm[at]);
        at = j;
      } else if (c < 0) {
        break;
      }
    }
  }
  // PyTorch multiplies by an empty dim only where the order is not row-major.
  bool floor = like;
  if (!floor) {
    floor = true;
    for (int64_t i = 0; i < ndim; ++i) floor = floor && perm[i] == ndim - 1 - i;
  }
  Dims out;
  out.resize(ndim);
  int64_t step = 1;
  for (int64_t i = 0; i < ndim; ++i) {
    out[perm[i]] = step;
    step *= std::max<int64_t>(sizes[perm[i]], floor);
  }
  return out;
}

Dims like_strides(const IntList& sizes, const IntList& strides) {
  if (is_non_overlapping_and_dense(sizes, strides)) return Dims(strides);
  const Dims one(strides);
  return pointwise_strides(sizes, &one, 1, true);
}

Dims infer_view_size(const IntList& shape, int64_t numel) {
  Dims out(shape);
  int64_t known = 1, unknown = -1;
  bool countable = true;
  for (int64_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == -1) {
      check(unknown < 0, "only one dimension can be inferred");
      unknown = i;
    } else {
      check(shape[i] >= 0, "invalid shape dimension ", shape[i], " at index ", i, " of shape ", shape);
      countable = !__builtin_mul_overflow(known, shape[i], &known) && countable;
    }
  }
  const bool fits = countable && (unknown < 0 ? known == numel : known > 0 && numel % known == 0);
  if (unknown >= 0 && numel == 0 && known == 0)
    raise(ErrorKind::Runtime, str("cannot reshape tensor of 0 elements into shape ", shape,
                                  " because the unspecified dimension size -1 can be any value and is ambiguous"));
  check(fits, "shape '", shape, "' is invalid for input of size ", numel);
  if (unknown >= 0) out[unknown] = numel / known;
  return out;
}

bool view_strides(const IntList& sizes, const IntList& strides, const IntList& shape, Dims& out) {
  out.resize(shape.size());
  if (product(sizes) == 0) {
    if (sizes == shape) {
      out = Dims(strides);
      return true;
    }
    out = dense_strides(shape);
    return true;
  }
  // Runs of dims that lie densely behind each other are split among the new dims, from the last one.
  int64_t d = shape.size() - 1;
  int64_t run = 1, wanted = 1;
  if (sizes.empty()) {
    for (int64_t i = 0; i < shape.size(); ++i) out[i] = 1;
    return true;
  }
  int64_t base = strides.back();
  for (int64_t i = sizes.size() - 1; i >= 0; --i) {
    run *= sizes[i];
    const bool ends = i == 0 || (sizes[i - 1] != 1 && strides[i - 1] != run * base);
    if (!ends) continue;
    while (d >= 0 && (wanted < run || shape[d] == 1)) {
      out[d] = wanted * base;
      wanted *= shape[d--];
    }
    if (wanted != run) return false;
    if (i > 0) {
      base = strides[i - 1];
      run = wanted = 1;
    }
  }
  return d == -1;
}

}  // namespace gradus
