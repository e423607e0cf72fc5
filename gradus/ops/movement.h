// Elements in another order, or several times over: roll, flip, rot90, repeat, repeat_interleave.
#pragma once
#include "gradus/gen/functions.h"
#include "gradus/ops/funnel.h"

namespace gradus {

struct Roll {
  static constexpr Op op{"roll(Tensor self, SymInt[1] shifts, int[1] dims=[]) -> Tensor",
                         "Moves elements along dims; what leaves at one end enters at the other. Without dims the "
                         "tensor is one long vector.",
                         Kind::Compound, "fm"};
  static Tensor forward(const Tensor& self, const IntList& shifts, const IntList& dims);
  static Tensor d0(const Tensor& g, const Attr<Dims, 1>& shifts, const Attr<Dims, 2>& dims);
};

struct Flip {
  static constexpr Op op{"flip(Tensor self, int[] dims) -> Tensor", "A copy with the order along dims reversed.",
                         Kind::Structured, "fm"};
  static void infer(Call& c, const Tensor& self, const IntList& dims);
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g, const Attr<Dims, 1>& dims) { return g.flip(*dims); }
};
inline constexpr Op fliplr_op{"fliplr(Tensor self) -> Tensor", "A copy with the order of the columns reversed.",
                              Kind::Composite, "fm"};
inline constexpr Op flipud_op{"flipud(Tensor self) -> Tensor", "A copy with the order of the rows reversed.",
                              Kind::Composite, "fm"};

struct Rot90 {
  static constexpr Op op{"rot90(Tensor self, int k=1, int[] dims=[0, 1]) -> Tensor",
                         "A copy turned k times by 90 degrees in the plane of two dims, from the first to the second.",
                         Kind::Structured, "fm"};
  static void infer(Call& c, const Tensor& self, int64_t k, const IntList& dims);
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g, const Attr<int64_t, 1>& k, const Attr<Dims, 2>& dims) {
    return g.rot90(-*k, *dims);
  }
};

struct Repeat {
  static constexpr Op op{"repeat(Tensor self, SymInt[] repeats) -> Tensor",
                         "The tensor laid side by side with itself, so many times along each dim.", Kind::Structured,
                         "m"};
  static void infer(Call& c, const Tensor& self, const IntList& repeats);
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g, const Shape<0>& s, const Attr<Dims, 1>& repeats);
};
inline constexpr Op tile_op{"tile(Tensor self, SymInt[] dims) -> Tensor",
                            "As repeat; missing leading numbers count as one.", Kind::Composite, "fm"};

inline constexpr Op repeat_interleave_op{
    "repeat_interleave.Tensor(Tensor repeats, *, SymInt? output_size=None) -> Tensor",
    "The index i repeats[i] times, for every i. `output_size` must be the sum of repeats if given.", Kind::Composite,
    "f"};
inline constexpr Op repeat_interleave_self_op{
    "repeat_interleave.self_Tensor(Tensor self, Tensor repeats, int? dim=None, *, SymInt? output_size=None) -> Tensor",
    "Every entry along a dim so many times in a row; without dim the tensor is one long vector.", Kind::Composite,
    "fm"};
inline constexpr Op repeat_interleave_int_op{
    "repeat_interleave.self_int(Tensor self, SymInt repeats, int? dim=None, *, SymInt? output_size=None) -> Tensor",
    "Every entry along a dim the same number of times in a row; without dim the tensor is one long vector.",
    Kind::Composite, "fm"};

}  // namespace gradus
