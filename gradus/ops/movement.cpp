// Copies with elements moved or repeated.
#include "gradus/ops/movement.h"

#include "gradus/kernels/convert.h"
#include "gradus/ops/pointwise_check.h"
#include "gradus/ops/view.h"

namespace gradus {
namespace {

// An array that a kernel reads through changed sizes and strides.
struct Seen {
  int64_t sizes[64], strides[64];
  Array array;
  explicit Seen(const Array& a) : array{a.data, a.dtype, a.ndim, sizes, strides} {
    for (int d = 0; d < a.ndim; ++d) {
      sizes[d] = a.sizes[d];
      strides[d] = a.strides[d];
    }
  }
  void flip(int d) {
    if (sizes[d] == 0) return;
    array.data = static_cast<char*>(array.data) + (sizes[d] - 1) * strides[d] * item_size(array.dtype);
    strides[d] = -strides[d];
  }
  void swap(int a, int b) {
    std::swap(sizes[a], sizes[b]);
    std::swap(strides[a], strides[b]);
  }
};

Tensor rolled(const Tensor& self, int64_t shift, int64_t dim) {
  if (self.numel() == 0) return self.clone(MemoryFormat::Preserve);
  const int64_t d = wrap_dim(dim, self.dim());
  check_as(ErrorKind::Index, self.dim() > 0, "Dimension specified as ", dim, " but tensor has no dimensions");
  const int64_t n = self.size(d);
  const int64_t start = ((n - shift % n) % n + n) % n;
  return Cat::forward({slice(self, d, start, n, 1), slice(self, d, 0, start, 1)}, d);
}

}  // namespace

Tensor Roll::forward(const Tensor& self, const IntList& shifts, const IntList& dims) {
  check(!shifts.empty(), "`shifts` required");
  if (dims.empty() && shifts.size() == 1)
    return _unsafe_view(rolled(self.contiguous().view(IntList(-1)), shifts[0], 0), self.sizes());
  check(shifts.size() == dims.size(), "shifts and dimensions must align. shifts: ", shifts.size(),
        ", dims:", dims.size());
  Tensor out = self;
  for (int64_t i = 0; i < dims.size(); ++i) out = rolled(out, shifts[i], dims[i]);
  return out;
}
Tensor Roll::d0(const Tensor& g, const Attr<Dims, 1>& shifts, const Attr<Dims, 2>& dims) {
  Dims back(*shifts);
  for (int64_t& s : back) s = -s;
  return g.roll(back, *dims);
}

void Flip::infer(Call& c, const Tensor& self, const IntList& dims) {
  uint64_t mask = 0;
  for (int64_t d : dims) {
    const int64_t w = wrap_dim(d, self.dim());
    check(!(mask >> w & 1u), "dim ", w, " appears multiple times in the list of dims");
    mask |= uint64_t{1} << w;
  }
  c.put(static_cast<int64_t>(mask));
  c.output(self.sizes(), self.dtype(), like_strides(self.sizes(), self.strides()));
}
void Flip::run(const Launch& l) {
  Seen in(l.in[0]);
  for (int d = 0; d < in.array.ndim; ++d)
    if (static_cast<uint64_t>(l.ints[0]) >> d & 1u) in.flip(d);
  copy_array(l.out[0], in.array);
}

Tensor fliplr(const Tensor& self) {
  check(self.dim() >= 2, "Input must be >= 2-d.");
  return self.flip(1);
}
Tensor flipud(const Tensor& self) {
  check(self.dim() >= 1, "Input must be >= 1-d.");
  return self.flip(0);
}

void Rot90::infer(Call& c, const Tensor& self, int64_t k, const IntList& dims) {
  const int64_t n = self.dim();
  check(dims.size() == 2, "expected total rotation dims == 2, but got dims = ", dims.size());
  check(n >= 2, "expected total dims >= 2, but got total dims = ", n);
  const int64_t turns = (k % 4 + 4) % 4, a = wrap_dim(dims[0], n), b = wrap_dim(dims[1], n);
  check(a != b, "expected rotation dims to be different, but got dim0 = ", dims[0], " and dim1 = ", dims[1]);
  Dims sizes(self.sizes()), strides = turns == 0 ? dense_strides(sizes) : like_strides(sizes, self.strides());
  if (turns % 2) {
    std::swap(sizes[a], sizes[b]);
    std::swap(strides[a], strides[b]);
  }
  c.put(turns);
  c.put(a);
  c.put(b);
  c.output(sizes, self.dtype(), strides);
}
void Rot90::run(const Launch& l) {
  const int64_t turns = l.ints[0];
  const int a = static_cast<int>(l.ints[1]), b = static_cast<int>(l.ints[2]);
  Seen in(l.in[0]);
  if (turns == 2 || turns == 3) in.flip(a);
  if (turns == 1 || turns == 2) in.flip(b);
  if (turns % 2) in.swap(a, b);
  copy_array(l.out[0], in.array);
}

void Repeat::infer(Call& c, const Tensor& self, const IntList& repeats) {
  const int64_t lead = repeats.size() - self.dim();
  check(lead >= 0, "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor");
  Dims sizes(repeats);
  for (int64_t d = lead; d < sizes.size(); ++d) sizes[d] *= self.size(d - lead);
  c.output(sizes, self.dtype());
}
// Every dim becomes two: which copy, and where in it.
void Repeat::run(const Launch& l) {
  const Array &in = l.in[0], &out = l.out[0];
  if (out.numel() == 0) return;
  int64_t sizes[64], from[64], to[64];
  int n = 0;
  for (int d = 0; d < out.ndim; ++d) {
    const int own = d - (out.ndim - in.ndim);
    const int64_t size = own < 0 ? 1 : in.sizes[own], copies = out.sizes[d] / size;
    if (copies > 1) {
      sizes[n] = copies;
      from[n] = 0;
      to[n++] = size * out.strides[d];
    }
    if (size > 1) {
      sizes[n] = size;
      from[n] = in.strides[own];
      to[n++] = out.strides[d];
    }
  }
  copy_array({out.data, out.dtype, n, sizes, to}, {in.data, in.dtype, n, sizes, from});
}
Tensor Repeat::d0(const Tensor& g, const Shape<0>& s, const Attr<Dims, 1>& repeats) {
  const int64_t lead = repeats->size() - s.sizes.size();
  Dims shape, summed;
  for (int64_t d = 0; d < repeats->size(); ++d) {
    const int64_t n = (*repeats)[d];
    if (n == 0) return zeros(s, g.dtype());
    if (n != 1 || d < lead) {
      summed.push_back(shape.size());
      shape.push_back(n);
    }
    if (d >= lead) shape.push_back(s.sizes[d - lead]);
  }
  return summed.empty() ? g : g.reshape(shape).sum(OptIntList(summed)).reshape(s);
}

Tensor tile(const Tensor& self, IntList dims) {
  Dims repeats;
  for (int64_t d = dims.size(); d < self.dim(); ++d) repeats.push_back(1);
  for (int64_t n : dims) repeats.push_back(n);
  return self.repeat(repeats);
}

// ---- repeat_interleave

namespace {

void run_interleaved_index(const Launch& l) {
  const Array &repeats = l.in[0], &out = l.out[0];
  dispatch(repeats.dtype, [&]<class T>() {
    T* p = out.as<T>();
    for (int64_t i = 0; i < repeats.sizes[0]; ++i)
      for (T k = repeats.as<T>()[i * repeats.strides[0]]; k > T(0); k = static_cast<T>(k - T(1)))
        *p++ = static_cast<T>(i);
  });
}

}  // namespace

Tensor repeat_interleave(const Tensor& repeats, std::optional<int64_t> output_size) {
  check(repeats.dim() == 1, "repeat_interleave only accept 1D vector as repeat");
  if (repeats.dtype() != DType::Int32 && repeats.dtype() != DType::Int64)
    raise_unsupported("repeat_interleave_cpu", repeats.dtype());
  if (repeats.size(0) == 0) return empty_like(repeats);
  int64_t total = 0;
  {
    NoGrad guard;
    check(repeats.min().item<int64_t>() >= 0, "repeats can not be negative");
    total = repeats.sum().item<int64_t>();
  }
  check(output_size.value_or(0) >= 0, "Trying to create tensor with negative dimension ", output_size.value_or(0),
        ": [", output_size.value_or(0), "]");
  check(!output_size || *output_size == total, "allocated size does not match required size");
  Call c;
  c.input(repeats);
  c.output(IntList(total), repeats.dtype());
  c.run(&run_interleaved_index);
  return c.outs()[0];
}

Tensor repeat_interleave(const Tensor& self, const Tensor& repeats, std::optional<int64_t> dim,
                         std::optional<int64_t> output_size) {
  const Tensor input = dim ? self : self.flatten();
  check_as(ErrorKind::Index, input.dim() > 0, "Dimension specified as ", dim.value_or(0),
           " but tensor has no dimensions");
  const int64_t d = wrap_dim(dim.value_or(0), input.dim()), n = input.size(d);
  check(repeats.dim() <= 1, "repeats must be 0-dim or 1-dim tensor");
  const bool single = repeats.dim() == 0 || repeats.size(0) == 1;
  check(single || repeats.size(0) == n,
        "repeats must have the same size as input along dim, but got repeats.size(0) = ", single ? 1 : repeats.size(0),
        " and input.size(", d, ") = ", n);
  const Tensor counts = single ? repeats.reshape(IntList(1)).expand(IntList(n)) : repeats;
  return input.index_select(d, repeat_interleave(counts, output_size));
}

Tensor repeat_interleave(const Tensor& self, int64_t repeats, std::optional<int64_t> dim,
                         std::optional<int64_t> output_size) {
  Tensor input = dim ? self : self.flatten();
  const int64_t d = wrap_dim(dim.value_or(0), input.dim());
  check(repeats >= 0, "Repeats must be non-negative");
  input = input.unsqueeze(d + 1);
  Dims sizes(input.sizes());
  sizes[d + 1] = repeats;
  const int64_t total = repeats * sizes[d];
  check(!output_size || *output_size == total, "repeat_interleave: Invalid output_size, expected ", total, " but got ",
        output_size.value_or(0));
  return input.expand(sizes).clone(MemoryFormat::Contiguous).flatten(d, d + 1);
}

}  // namespace gradus
