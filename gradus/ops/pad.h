// Padding, and rearrangements between channels and pixels.
#pragma once
#include "gradus/gen/functions.h"
#include "gradus/ops/funnel.h"

namespace gradus {

struct ConstantPad {
  static constexpr Op op{"constant_pad_nd(Tensor self, SymInt[] pad, Scalar value=0) -> Tensor",
                         "A number around self: pad holds before and after for the last dim, then for the one before "
                         "it, and so on; negative ones cut.",
                         Kind::Compound, "f"};
  static Tensor forward(const Tensor& self, const IntList& pad, const Scalar& value);
  static Tensor d0(const Tensor& g, const Attr<Dims, 1>& pad);
};

inline constexpr Op pad_op{"pad(Tensor self, SymInt[] pad, str mode=\"constant\", float? value=None) -> Tensor",
                           "Padding by a number, by reflection, by repetition of the edge or by wrapping around.",
                           Kind::Composite, "n"};

/// What padding without a number does to the last dims: how an index of the result becomes one of the input.
enum class PadMode : int64_t { Reflect, Replicate, Circular };

struct PadBackward {
  static constexpr Op op{"_gradus_pad_backward(Tensor grad, int[] sizes, int[] padding, int mode) -> Tensor",
                         "Gradients of a padded tensor added up where the elements came from.", Kind::Structured, ""};
  static void infer(Call& c, const Tensor& grad, const IntList& sizes, const IntList& padding, int64_t mode);
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g, const Attr<Dims, 2>& padding, const Attr<int64_t, 3>& mode) {
    return _gradus_pad(g, *padding, *mode);
  }
};
struct PadByIndex {
  static constexpr Op op{"_gradus_pad(Tensor self, int[] padding, int mode) -> Tensor",
                         "Padding of the last dims by elements of self.", Kind::Structured, ""};
  static void infer(Call& c, const Tensor& self, const IntList& padding, int64_t mode);
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g, const Shape<0>& s, const Attr<Dims, 1>& padding, const Attr<int64_t, 2>& mode) {
    return _gradus_pad_backward(g, s, *padding, *mode);
  }
};

/// The operators of one mode and number of dims share what they do.
template <PadMode Mode, int N>
struct PadOf {
  static void infer(Call& c, const Tensor& self, const IntList& padding);
  static void run(const Launch& l) { PadByIndex::run(l); }
  static Tensor d0(const Tensor& g, const Shape<0>& s, const Attr<Dims, 1>& padding) {
    return _gradus_pad_backward(g, s, *padding, static_cast<int64_t>(Mode));
  }
};
struct ReflectionPad1d : PadOf<PadMode::Reflect, 1> {
  static constexpr Op op{"reflection_pad1d(Tensor self, SymInt[2] padding) -> Tensor",
                         "Padding of the last dim by reflection at the edge.", Kind::Structured, "n",
                         "ReflectionPad1DBackward0"};
};
struct ReflectionPad2d : PadOf<PadMode::Reflect, 2> {
  static constexpr Op op{"reflection_pad2d(Tensor self, SymInt[4] padding) -> Tensor",
                         "Padding of the last two dims by reflection at the edges.", Kind::Structured, "n",
                         "ReflectionPad2DBackward0"};
};
struct ReflectionPad3d : PadOf<PadMode::Reflect, 3> {
  static constexpr Op op{"reflection_pad3d(Tensor self, SymInt[6] padding) -> Tensor",
                         "Padding of the last three dims by reflection at the edges.", Kind::Structured, "n",
                         "ReflectionPad3DBackward0"};
};
struct ReplicationPad1d : PadOf<PadMode::Replicate, 1> {
  static constexpr Op op{"replication_pad1d(Tensor self, SymInt[2] padding) -> Tensor",
                         "Padding of the last dim by its edge.", Kind::Structured, "n", "ReplicationPad1DBackward0"};
};
struct ReplicationPad2d : PadOf<PadMode::Replicate, 2> {
  static constexpr Op op{"replication_pad2d(Tensor self, SymInt[4] padding) -> Tensor",
                         "Padding of the last two dims by their edges.", Kind::Structured, "n",
                         "ReplicationPad2DBackward0"};
};
struct ReplicationPad3d : PadOf<PadMode::Replicate, 3> {
  static constexpr Op op{"replication_pad3d(Tensor self, SymInt[6] padding) -> Tensor",
                         "Padding of the last three dims by their edges.", Kind::Structured, "n",
                         "ReplicationPad3DBackward0"};
};
inline constexpr Op pad_circular_op{"_pad_circular(Tensor self, SymInt[] pad) -> Tensor",
                                    "Padding by what stands at the other end.", Kind::Composite, "n"};

struct PixelShuffle {
  static constexpr Op op{"pixel_shuffle(Tensor self, int upscale_factor) -> Tensor",
                         "[*, C r r, H, W] as [*, C, H r, W r]: channels become pixels.", Kind::Compound, "f"};
  static Tensor forward(const Tensor& self, int64_t factor);
  static Tensor d0(const Tensor& g, const Attr<int64_t, 1>& factor) { return pixel_unshuffle(g, *factor); }
};
struct PixelUnshuffle {
  static constexpr Op op{"pixel_unshuffle(Tensor self, int downscale_factor) -> Tensor",
                         "[*, C, H r, W r] as [*, C r r, H, W]: pixels become channels.", Kind::Compound, "f"};
  static Tensor forward(const Tensor& self, int64_t factor);
  static Tensor d0(const Tensor& g, const Attr<int64_t, 1>& factor) { return pixel_shuffle(g, *factor); }
};
struct ChannelShuffle {
  static constexpr Op op{"channel_shuffle(Tensor self, SymInt groups) -> Tensor",
                         "Channels dealt out again: the first of every group, then the second, and so on.",
                         Kind::Compound, "f"};
  static Tensor forward(const Tensor& self, int64_t groups);
  static Tensor d0(const Tensor& g, const Shape<0>& s, const Attr<int64_t, 1>& groups) {
    return channel_shuffle(g, g.numel() ? s.sizes[1] / *groups : 1);
  }
};
struct NativeChannelShuffle {
  static constexpr Op op{"native_channel_shuffle(Tensor self, SymInt groups) -> Tensor",
                         "channel_shuffle without gradient.", Kind::Compound, "f", "torch::autograd::NotImplemented"};
  static Tensor forward(const Tensor& self, int64_t groups) { return ChannelShuffle::forward(self, groups); }
  static Tensor d0(const Tensor&);
};

inline constexpr Op one_hot_op{"one_hot(Tensor self, int num_classes=-1) -> Tensor",
                               "A one at the class and zeros elsewhere, in a new last dim.", Kind::Composite, "n"};

}  // namespace gradus
