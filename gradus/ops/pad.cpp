// Padding, and rearrangements between channels and pixels.
#include "gradus/ops/pad.h"

#include "gradus/kernels/pad.h"
#include "gradus/ops/copy.h"
#include "gradus/ops/pointwise_check.h"
#include "gradus/ops/view.h"

namespace gradus {

// ---- by a number

namespace {

Dims padded_sizes(const Tensor& self, const IntList& pad) {
  const int64_t n = self.dim(), padded = pad.size() / 2;
  Dims sizes(self.sizes());
  for (int64_t i = 0; i < padded; ++i) sizes[n - 1 - i] += pad[2 * i] + pad[2 * i + 1];
  return sizes;
}

}  // namespace

Tensor ConstantPad::forward(const Tensor& self, const IntList& pad, const Scalar& value) {
  check(pad.size() % 2 == 0, "Length of pad must be even but instead it equals ", pad.size());
  check(self.dim() * 2 >= pad.size(),
        "Length of pad should be no more than twice the number of dimensions of the input. Pad length is ", pad.size(),
        "while the input has ", self.dim(), "dimensions.");
  Tensor kept = self;  // what negative padding leaves
  bool grows = false;
  for (int64_t i = 0; i < pad.size(); ++i) {
    const int64_t d = self.dim() - 1 - i / 2;
    if (pad[i] < 0)
      kept = i % 2 ? kept.narrow(d, 0, kept.size(d) + pad[i]) : kept.narrow(d, -pad[i], kept.size(d) + pad[i]);
    grows = grows || pad[i] > 0;
  }
  if (!grows) return kept.clone();
  const Dims sizes = padded_sizes(self, pad);
  for (int64_t d = 0; d < sizes.size(); ++d)
    check(sizes[d] >= 0, "The input size ", self.size(d), ", plus negative padding ", pad[2 * (self.dim() - 1 - d)],
          " and ", pad[2 * (self.dim() - 1 - d) + 1],
          " resulted in a negative output size, which is invalid. Check dimension ", d, " of your input.");
  check_fits(value, self.dtype());
  const Tensor out = empty(sizes, self.dtype(), {}, {}, {}, suggested_format(self));
  fill_values(out, value);
  Tensor inner = out;
  for (int64_t i = 0; i < pad.size(); ++i) {
    const int64_t d = self.dim() - 1 - i / 2;
    if (pad[i] > 0)
      inner = i % 2 ? inner.narrow(d, 0, inner.size(d) - pad[i]) : inner.narrow(d, pad[i], inner.size(d) - pad[i]);
  }
  copy_values(inner, kept);
  return out;
}
Tensor ConstantPad::d0(const Tensor& g, const Attr<Dims, 1>& pad) {
  Dims back(*pad);
  for (int64_t& n : back) n = -n;
  return constant_pad_nd(g, back, 0);
}

// ---- by elements of the input

namespace {

// Index of the input for index j of the result, which has `before` elements in front of `n` and `after` behind.
int64_t source(PadMode mode, int64_t j, int64_t before, int64_t after, int64_t n) {
  const int64_t i = j - before;
  if (mode == PadMode::Replicate) return i < 0 ? 0 : i >= n ? n - 1 : i;
  if (mode == PadMode::Reflect) return i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i;
  const int64_t first = before < 0 ? -before : 0;  // what negative padding leaves goes round
  const int64_t kept = n - first - (after < 0 ? -after : 0);
  return first + ((i - first) % kept + kept) % kept;
}

// Tables of the padded dims for a kernel. ints: mode, number of padded dims, padding.
struct Tables {
  std::vector<std::vector<int64_t>> kept;
  const int64_t* table[64] = {};
  Tables(const Array& small, const Array& large, const int64_t* ints) {
    for (int64_t k = 0; k < ints[1]; ++k) {
      const int d = small.ndim - 1 - static_cast<int>(k);
      std::vector<int64_t> index(static_cast<size_t>(large.sizes[d]));
      for (size_t j = 0; j < index.size(); ++j)
        index[j] = source(static_cast<PadMode>(ints[0]), static_cast<int64_t>(j), ints[2 + 2 * k], ints[3 + 2 * k],
                          small.sizes[d]);
      kept.push_back(std::move(index));
      table[d] = kept.back().data();
    }
  }
};

void put_padding(Call& c, const IntList& padding, int64_t mode) {
  c.put(mode);
  c.put(padding.size() / 2);
  for (int64_t n : padding) c.put(n);
}

Dims channels_last_strides(const Tensor& self, const IntList& sizes) {
  const MemoryFormat format = suggested_format(self);
  return format == MemoryFormat::Contiguous ? Dims{} : Dims(empty(sizes, self.dtype(), {}, {}, {}, format).strides());
}

std::string size_names(int n, const Dims& sizes, int64_t ndim) {
  constexpr const char* names[] = {"W", "H", "D"};
  std::string out;
  for (int k = n - 1; k >= 0; --k) {
    const char* separator = k == n - 1 ? "" : n == 3 && k == 1 ? " " : ", ";
    out += str(separator, names[k], ": ", sizes[ndim - 1 - k]);
  }
  return out;
}
std::string result_names(int n, const Dims& sizes, int64_t ndim) {
  constexpr const char* names[] = {"W", "H", "D"};
  std::string out;
  for (int k = n - 1; k >= 0; --k) out += str(k == n - 1 ? "" : " ", names[k], ": ", sizes[ndim - 1 - k]);
  return out;
}

template <PadMode Mode, int N>
void check_padding(const Tensor& self, const IntList& padding) {
  check(padding.size() == 2 * N, "padding size is expected to be ", 2 * N, ", but got: ", padding.size());
  const int64_t n = self.dim();
  bool valid = n == N + 1 || n == N + 2;
  for (int64_t d = n == N + 2 ? 1 : 0; d < n; ++d) valid = valid && self.size(d) != 0;
  check(valid, "Expected ", N + 1, "D or ", N + 2,
        "D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for input, but got: ",
        self.sizes());
  for (int64_t k = 0; k < N && Mode == PadMode::Reflect; ++k)
    check(padding[2 * k] < self.size(n - 1 - k) && padding[2 * k + 1] < self.size(n - 1 - k), "Argument #", 4 + 2 * k,
          ": Padding size should be less than the corresponding input dimension, but got: padding (", padding[2 * k],
          ", ", padding[2 * k + 1], ") at dimension ", n - 1 - k, " of input ", self.sizes());
  const Dims sizes = padded_sizes(self, padding);
  bool any = false;
  for (int64_t k = 0; k < N; ++k) any = any || sizes[n - 1 - k] >= 1;
  check(any, "input (", size_names(N, Dims(self.sizes()), n), Mode == PadMode::Replicate && N == 2 ? " " : "",
        ") is too small. Calculated output ", result_names(N, sizes, n));
  const std::string name = str(Mode == PadMode::Reflect ? "reflection_pad" : "replication_pad", N, "d");
  refuse_bool(name.c_str(), self.dtype());
}

}  // namespace

void PadByIndex::infer(Call& c, const Tensor& self, const IntList& padding, int64_t mode) {
  const Dims sizes = padded_sizes(self, padding);
  put_padding(c, padding, mode);
  c.output(sizes, self.dtype(), channels_last_strides(self, sizes));
}
void PadByIndex::run(const Launch& l) {
  const Tables tables(l.in[0], l.out[0], l.ints);
  read_by_tables(l.in[0], l.out[0], tables.table);
}
void PadBackward::infer(Call& c, const Tensor& grad, const IntList& sizes, const IntList& padding, int64_t mode) {
  put_padding(c, padding, mode);
  c.output(sizes, grad.dtype(), channels_last_strides(grad, sizes));
}
void PadBackward::run(const Launch& l) {
  const Tables tables(l.out[0], l.in[0], l.ints);
  const int64_t n = l.out[0].numel();
  __builtin_memset(l.out[0].data, 0, static_cast<size_t>(n * item_size(l.out[0].dtype)));  // dense in any order
  add_by_tables(l.in[0], l.out[0], tables.table);
}

template <PadMode Mode, int N>
void PadOf<Mode, N>::infer(Call& c, const Tensor& self, const IntList& padding) {
  check_padding<Mode, N>(self, padding);
  PadByIndex::infer(c, self, padding, static_cast<int64_t>(Mode));
}
template struct PadOf<PadMode::Reflect, 1>;
template struct PadOf<PadMode::Reflect, 2>;
template struct PadOf<PadMode::Reflect, 3>;
template struct PadOf<PadMode::Replicate, 1>;
template struct PadOf<PadMode::Replicate, 2>;
template struct PadOf<PadMode::Replicate, 3>;

Tensor _pad_circular(const Tensor& self, IntList pad) {
  const int64_t n = self.dim(), padded = n - 2;
  check(pad.size() == 2 * padded, "Invalid padding size, expected ", 2 * padded, " but got ", pad.size());
  const Dims sizes = padded_sizes(self, pad);
  for (int64_t i = 0; i < padded; ++i) {
    const int64_t before = pad[2 * i], after = pad[2 * i + 1], size = self.size(n - 1 - i);
    check(before <= size && after <= size, "Padding value causes wrapping around more than once.");
    const int64_t kept = size + std::min<int64_t>(before, 0) + std::min<int64_t>(after, 0);
    check(sizes[n - 1 - i] > 0 && kept > 0, "Negative padding value is resulting in an empty dimension");
  }
  return _gradus_pad(self, pad, static_cast<int64_t>(PadMode::Circular));
}

namespace {

Tensor pad_by_mode(const Tensor& self, const IntList& pad, std::string_view mode) {
  const int64_t n = self.dim(), dims = pad.size() / 2;
  const bool fits = dims >= 1 && dims <= 3 && (n == dims + 1 || n == dims + 2);
  check_as(ErrorKind::NotImplemented, fits, "Padding size ", pad.size(), " is not supported for ", n,
           "D input tensor.\nSupported combinations for non-constant padding:\n  - 2D or 3D input: padding size = 2 "
           "(pads last dimension)\n  - 3D or 4D input: padding size = 4 (pads last 2 dimensions)\n  - 4D or 5D input: "
           "padding size = 6 (pads last 3 dimensions)");
  if (mode == "reflect")
    return dims == 1   ? reflection_pad1d(self, pad)
           : dims == 2 ? reflection_pad2d(self, pad)
                       : reflection_pad3d(self, pad);
  if (mode == "replicate")
    return dims == 1   ? replication_pad1d(self, pad)
           : dims == 2 ? replication_pad2d(self, pad)
                       : replication_pad3d(self, pad);
  // Without a batch the dims before the padded ones count as one, of size one.
  return n == dims + 2 ? _pad_circular(self, pad) : _pad_circular(self.unsqueeze(0), pad).squeeze(0);
}

}  // namespace

Tensor pad(const Tensor& self, IntList pad, std::string_view mode, std::optional<double> value) {
  check(pad.size() % 2 == 0, "Padding length must be divisible by 2");
  check(pad.size() <= self.dim() * 2,
        "Padding length should be less than or equal to two times the input dimension but got padding length ",
        pad.size(), " and input of dimension ", self.dim());
  if (mode == "constant") return constant_pad_nd(self, pad, value.value_or(0.0));
  check_as(ErrorKind::NotImplemented, mode == "reflect" || mode == "replicate" || mode == "circular",
           "Unrecognised padding mode ", mode);
  check(!value || *value == 0, "Padding mode \"", mode, "\" doesn't take in value argument");
  return pad_by_mode(self, pad, mode);
}

// ---- channels and pixels

namespace {

// The finished rearrangement in the format that the input suggests.
Tensor settled(const Tensor& view, const IntList& sizes, const Tensor& self) {
  const Tensor out = empty(sizes, self.dtype(), {}, {}, {}, suggested_format(self));
  copy_values(out, view.reshape(sizes));
  return out;
}

}  // namespace

Tensor PixelShuffle::forward(const Tensor& self, int64_t factor) {
  const int64_t n = self.dim();
  check(n >= 3, "pixel_shuffle expects input to have at least 3 dimensions, but got input with ", n, " dimension(s)");
  check(factor > 0, "pixel_shuffle expects a positive upscale_factor, but got ", factor);
  const int64_t c = self.size(-3), h = self.size(-2), w = self.size(-1), square = factor * factor;
  check(c % square == 0,
        "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, but "
        "input.size(-3)=",
        c, " is not divisible by ", square);
  Dims split, order, sizes;
  for (int64_t d = 0; d < n - 3; ++d) {
    split.push_back(self.size(d));
    order.push_back(d);
    sizes.push_back(self.size(d));
  }
  for (int64_t size : {c / square, factor, factor, h, w}) split.push_back(size);
  for (int64_t d : {0, 3, 1, 4, 2}) order.push_back(n - 3 + d);
  for (int64_t size : {c / square, h * factor, w * factor}) sizes.push_back(size);
  return settled(self.reshape(split).permute(order), sizes, self);
}
Tensor PixelUnshuffle::forward(const Tensor& self, int64_t factor) {
  const int64_t n = self.dim();
  check(n >= 3, "pixel_unshuffle expects input to have at least 3 dimensions, but got input with ", n, " dimension(s)");
  check(factor > 0, "pixel_unshuffle expects a positive downscale_factor, but got ", factor);
  const int64_t c = self.size(-3), h = self.size(-2), w = self.size(-1);
  check(h % factor == 0, "pixel_unshuffle expects height to be divisible by downscale_factor, but input.size(-2)=", h,
        " is not divisible by ", factor);
  check(w % factor == 0, "pixel_unshuffle expects width to be divisible by downscale_factor, but input.size(-1)=", w,
        " is not divisible by ", factor);
  if (self.numel() == 0 && factor == 1) return self.clone();
  Dims split, order, sizes;
  for (int64_t d = 0; d < n - 3; ++d) {
    split.push_back(self.size(d));
    order.push_back(d);
    sizes.push_back(self.size(d));
  }
  for (int64_t size : {c, h / factor, factor, w / factor, factor}) split.push_back(size);
  for (int64_t d : {0, 2, 4, 1, 3}) order.push_back(n - 3 + d);
  for (int64_t size : {c * factor * factor, h / factor, w / factor}) sizes.push_back(size);
  return settled(self.reshape(split).permute(order), sizes, self);
}

Tensor ChannelShuffle::forward(const Tensor& self, int64_t groups) {
  check(self.dim() > 2, "channel_shuffle expects input with > 2 dims, but got input with sizes ", self.sizes());
  check(groups > 0, "Number of groups to divide channels in must be positive. Value of groups:", groups);
  const int64_t channels = self.size(1);
  check(channels % groups == 0, "Number of channels must be divisible by groups. Got ", channels, " channels and ",
        groups, " groups.");
  if (self.numel() == 0) return self.clone();
  const Tensor view = self.reshape({self.size(0), groups, channels / groups, -1}).transpose(1, 2);
  return settled(view, self.sizes(), self);
}
Tensor NativeChannelShuffle::d0(const Tensor&) { return no_derivative("native_channel_shuffle"); }

Tensor one_hot(const Tensor& self, int64_t num_classes) {
  check(self.dtype() == DType::Int64, "one_hot is only applicable to index tensor of type LongTensor.");
  NoGrad guard;
  Dims sizes(self.sizes());
  if (self.numel() == 0) {
    check(num_classes > 0, "Can not infer total number of classes from empty tensor.");
    sizes.push_back(num_classes);
    return zeros(sizes, DType::Int64);
  }
  check(self.min().item<int64_t>() >= 0, "Class values must be non-negative.");
  const auto largest = self.max().item<int64_t>();
  check(num_classes == -1 || largest < num_classes, "Class values must be smaller than num_classes.");
  sizes.push_back(num_classes == -1 ? largest + 1 : num_classes);
  return zeros(sizes, DType::Int64).scatter_(-1, self.unsqueeze(-1), 1);
}

}  // namespace gradus
