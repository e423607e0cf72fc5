// The one way every operator takes: infer, allocate, submit a record, attach a node, bump the version.
#pragma once
#include "gradus/core/format.h"
#include "gradus/core/geometry.h"
#include "gradus/kernels/pointwise.h"
#include "gradus/ops/rule.h"
#include "gradus/stream/record.h"

namespace gradus {

/// Where results go: fresh tensors, the first argument, or tensors given by `out=`.
enum class Dest : uint8_t { Fresh, InPlace, Out };

/// A new tensor over fresh memory. Empty `strides` means row-major. `lazy` memory comes when an operation runs.
Tensor allocate(const IntList& sizes, DType dtype, const IntList& strides = {}, bool lazy = false);
/// A tensor over the same storage and version counter, tracked as a view of `base` for in-place autograd.
Tensor make_view(const Tensor& base, const Geometry& g, ViewKind kind = ViewKind::Plain);
Geometry geometry_of(const Tensor& t);
/// Copies values (converted and broadcast); no autograd, no version.
void copy_values(const Tensor& dst, const Tensor& src);
/// Sets every element to a number; no autograd, no version.
void fill_values(const Tensor& dst, const Scalar& value);
/// Gives `out` the sizes of a result, as PyTorch resizes `out=` tensors. Empty strides: row-major.
void resize_output(const Tensor& out, const IntList& sizes, const IntList& strides = {});
void check_no_internal_overlap(const Tensor& written);
/// Whether elements may share memory other than each with its own counterpart: an operand that has to be copied first.
bool overlaps_otherwise(const View& written, const View& read);
void check_no_partial_overlap(const Tensor& written, const Tensor& read);
/// The same, and they are not one tensor either.
void check_no_overlap(const Tensor& written, const Tensor& read);
void check_castable(DType result, DType out);
/// For operators that convert nothing on the way to `out=`: raises unless it has the dtype of the result.
void check_exact_out(const Tensor& out, DType result);
/// "derivative for aten::x is not implemented".
[[noreturn]] Tensor no_derivative(std::string_view op);
/// Raises if `out=` is used while a gradient would have to be recorded.
void check_out_grad(std::string_view op, bool recording, const Tensor* outs, int n);

// ---- pointwise

/// A tensor or a number, as an argument.
struct Operand {
  const Tensor* tensor = nullptr;
  Scalar scalar;
};

/// What pointwise inference needs to know of an operator.
struct PointwiseSpec {
  std::string_view name;
  Kind kind;
  uint8_t n_operands, n_params;
  uint32_t untyped;                // operands that take no part in promotion (masks, conditions)
  void (*validate)(DType common);  // refuses dtypes; may be null
  bool alpha;                      // the parameter is called so
  void (*inspect)(const Operand* operands, DType common);  // refuses operands; may be null
  bool row_major;                                          // a fresh result ignores the layout of the operands
  bool like_self;                                          // a fresh result is laid out as empty_like(self)
  bool zero_dim;                                           // has a number that PyTorch makes a zero-dim tensor of
};
inline Operand operand(const Tensor& t) { return {&t, {}}; }
inline Operand operand(const Scalar& s) { return {nullptr, s}; }

using PointwiseInfos = FuseInfo[4];

/// Runs a pointwise operator. Returns the result if it is fresh, else nothing: `dst` is written, InPlace and Out.
Tensor run_pointwise_op(const PointwiseSpec& spec, const PointwiseInfos& infos, const Operand* operands, Dest dest,
                        const Tensor* dst);

/// The kernels of operator O on this CPU; defined by the generated code.
template <class O>
const TileTable& tiles_of();

namespace detail {

template <class O>
constexpr uint32_t untyped_of() {
  if constexpr (requires { O::untyped; }) return O::untyped;
  else return 0;
}
template <class O>
constexpr auto validate_of() -> void (*)(DType) {
  if constexpr (requires { &O::validate; }) return &O::validate;
  else return nullptr;
}
template <class O>
constexpr auto inspect_of() -> void (*)(const Operand*, DType) {
  if constexpr (requires { &O::inspect; }) return &O::inspect;
  else return nullptr;
}
template <class O>
constexpr bool is_row_major() {
  return requires { O::row_major; };
}
template <class O>
constexpr bool is_like_self() {
  return requires { O::like_self; };
}
// Numbers that take part in promotion are tensors to PyTorch, but for the operators that it calls unary.
template <class O>
constexpr bool has_zero_dim() {
  for (size_t i = 0; i < pointwise_operands(O::op); ++i)
    if (O::op.schema.args[i].type == "Scalar" && !(untyped_of<O>() >> i & 1u)) return !requires {
        O::unary;
      };
  return false;
}
template <class O>
constexpr PointwiseSpec spec_of{O::op.schema.name,
                                O::op.kind,
                                static_cast<uint8_t>(pointwise_operands(O::op)),
                                static_cast<uint8_t>(pointwise_params(O::op)),
                                untyped_of<O>(),
                                validate_of<O>(),
                                pointwise_params(O::op) && O::op.schema.args[pointwise_operands(O::op)].name == "alpha",
                                inspect_of<O>(),
                                is_row_major<O>(),
                                is_like_self<O>(),
                                has_zero_dim<O>()};

/// The literal of an operator begins with its name; what follows the name tells the reader of a dump nothing.
template <class O>
constexpr const char* literal_of = O::op.schema.name.data();

struct InfoTable {
  FuseInfo info[4];
  InfoTable(const TileTable& tiles, bool bool_result, int n_operands, uint32_t numbers, const char* name) {
    constexpr DType compute[4] = {DType::Int32, DType::Int64, DType::Float32, DType::Float64};
    for (int i = 0; i < 4; ++i)
      info[i] = {FuseInfo::Pointwise, bool_result, Reduction::Sum, compute[i], n_operands, numbers, tiles.fn[i], name};
  }
};
template <class O>
const PointwiseInfos& infos_of() {
  static const InfoTable table(tiles_of<O>(), O::op.kind == Kind::Compare, static_cast<int>(pointwise_operands(O::op)),
                               number_operands<O>(), literal_of<O>);
  return table.info;
}

template <class A0, class... A>
const Tensor* first_tensor(const A0& a, const A&...) {
  if constexpr (std::is_same_v<A0, Tensor>) return &a;
  else return nullptr;
}

/// True if an in-place call must keep a copy of self for its gradient.
template <class O, class... A>
bool needs_original(const A&... args) {
  uint32_t wanted = 0;
  [&]<size_t... K>(std::index_sequence<K...>) {
    ((wanted |= has_rule<O, static_cast<int>(K)> && wants_grad(args) ? rule_saves<O, static_cast<int>(K)> : 0u), ...);
  }
  (std::index_sequence_for<A...>{});
  return wanted & 1u;
}

}  // namespace detail

/// RuntimeError for more dims than a tensor can have.
void check_dims(int64_t n);

/// A private copy of the values, outside the graph.
Tensor copy_of(const Tensor& t);

template <class O, class... A>
Tensor pointwise(const A&... args) {
  const Operand operands[] = {operand(args)...};
  Tensor out = run_pointwise_op(detail::spec_of<O>, detail::infos_of<O>(), operands, Dest::Fresh, nullptr);
  if constexpr (O::op.kind != Kind::Compare)  // only the in-place form of a comparison can have a gradient
    if (records_gradient<O>(args...)) attach<O>(&out, 1, nullptr, false, args...);
  return out;
}

template <class O, class... A>
const Tensor& pointwise_inplace(const A&... args) {
  const Tensor& self = *detail::first_tensor(args...);
  const bool recording = records_gradient<O>(args...);
  check_inplace(self.impl(), recording);
  const Operand operands[] = {operand(args)...};
  Tensor original;
  if (recording) {
    refuse_inference<O>(args...);
    if (detail::needs_original<O>(args...)) original = copy_of(self);
  }
  run_pointwise_op(detail::spec_of<O>, detail::infos_of<O>(), operands, Dest::InPlace, &self);
  bump_version(self.impl(), &O::op);
  if (recording) {
    Tensor out = self;
    attach<O>(&out, 1, original.defined() ? &original : nullptr, true, args...);
  }
  return self;
}

template <class O, class... A>
const Tensor& pointwise_out(const Tensor& out, const A&... args) {
  check_out_grad(O::op.schema.name, O::op.kind != Kind::Compare && records_gradient<O>(args...), &out, 1);
  if constexpr (requires { &O::check_out; }) O::check_out(out, detail::first_tensor(args...)->dtype());
  const Operand operands[] = {operand(args)...};
  run_pointwise_op(detail::spec_of<O>, detail::infos_of<O>(), operands, Dest::Out, &out);
  bump_version(out.impl(), &O::op);
  return out;
}

// ---- structured

/// Filled in by `infer`: what the results look like, what the kernel reads.
class Call {
 public:
  static constexpr int kMaxIn = 64, kMaxOut = 4, kMaxInts = 32, kMaxFloats = 8;

  void input(const Tensor& t) {
    check(n_in_ < kMaxIn, "more than ", kMaxIn, " tensors in one call");
    in_[n_in_++] = t.defined() ? t.impl()->view : nullptr;
  }
  /// An input made for this call (a contiguous copy, say), kept alive until it has run.
  void input_owned(Tensor t) {
    input(t);
    kept_.push_back(static_cast<Tensor&&>(t));
  }
  /// A result. Empty strides: row-major.
  void output(const IntList& sizes, DType dtype, const IntList& strides = {}) {
    outs_[n_out_] = allocate(sizes, dtype, strides, true);
    ++n_out_;
  }
  void put(int64_t value) { ints_[n_ints_++] = value; }
  void put(double value) { floats_[n_floats_++] = value; }
  void clear_inputs() { n_in_ = 0; }
  /// The result is rows of input 0 in the order of input 1 (kernels/index.h, gather_rows), which may be fused.
  void chooses_rows();
  /// The executor may fuse this call.
  void fuses(const FuseInfo* info) { fuse_ = info; }

  /// Submits the kernel; the results are then in `outs()`.
  void run(Run kernel, const FuseInfo* fuse = nullptr);
  Tensor* outs() { return outs_; }
  int n_out() const { return n_out_; }

 private:
  View* in_[kMaxIn];
  int n_in_ = 0, n_out_ = 0, n_ints_ = 0, n_floats_ = 0;
  Run run_ = nullptr;  // instead of the operator's own
  const FuseInfo* fuse_ = nullptr;
  Tensor outs_[kMaxOut];
  int64_t ints_[kMaxInts];
  double floats_[kMaxFloats];
  Tensors kept_;
};

namespace detail {
inline void add_input(Call& c, const Tensor& t) { c.input(t); }
inline void add_input(Call& c, const TensorList& list) {
  for (const Tensor& t : list) c.input(t);
}
template <class T>
void add_input(Call&, const T&) {}

/// One result as Tensor, several as a tuple.
template <int N>
auto pack(Tensor* t) {
  if constexpr (N == 1) return static_cast<Tensor&&>(t[0]);
  else if constexpr (N == 2) return std::tuple<Tensor, Tensor>(t[0], t[1]);
  else if constexpr (N == 3) return std::tuple<Tensor, Tensor, Tensor>(t[0], t[1], t[2]);
  else return std::tuple<Tensor, Tensor, Tensor, Tensor>(t[0], t[1], t[2], t[3]);
}
inline int unpack(const Tensor& r, Tensor* t) { return t[0] = r, 1; }
template <class... R>
int unpack(const std::tuple<R...>& r, Tensor* t) {
  int n = 0;
  std::apply([&](const auto&... x) { ((t[n++] = x), ...); }, r);
  return n;
}
}  // namespace detail

namespace detail {
/// A reduction that says `static constexpr Reduction reduction` and a copy that says `static constexpr bool copies` may
/// be fused.
template <class O>
constexpr FuseInfo fuse_info = [] {
  FuseInfo f;
  if constexpr (requires { O::reduction; }) {
    f.kind = FuseInfo::Reduce;
    f.reduction = O::reduction;
    f.name = literal_of<O>;
  }
  return f;
}();
template <class O>
constexpr const FuseInfo* fuse_of() {
  if constexpr (
      requires { O::reduction; } || requires { O::copies; })
    return &fuse_info<O>;
  else return nullptr;
}
}  // namespace detail

template <class O, class... A>
auto structured(const A&... args) {
  Call c;
  (detail::add_input(c, args), ...);
  O::infer(c, args...);
  c.run(&O::run, detail::fuse_of<O>());
  if (records_gradient<O>(args...)) attach<O>(c.outs(), detail::tracked_of<O>(), nullptr, false, args...);
  return detail::pack<O::op.schema.n_returns>(c.outs());
}

/// forward() under no_grad, one node for the whole.
template <class O, class... A>
auto compound(const A&... args) {
  const bool recording = records_gradient<O>(args...);
  Tensor outs[4];
  {
    GradMode guard(false);
    detail::unpack(O::forward(args...), outs);
  }
  if (recording) attach<O>(outs, detail::tracked_of<O>(), nullptr, false, args...);
  return detail::pack<O::op.schema.n_returns>(outs);
}

/// Writes a finished result into an `out=` tensor.
void write_output(const Tensor& out, const Tensor& result, const Op* writer = nullptr);
/// The same by a copy that the graph records.
void copy_output(const Tensor& out, const Tensor& result);
/// Writes a finished result into self; shape and dtype must fit.
void write_inplace(const Tensor& self, const Tensor& result, const Op* writer = nullptr);

/// out= for operators without a kernel of their own for it: `f()` computes, the result is copied.
template <class F>
auto via_out(std::string_view name, const Tensor* outs, int n, bool recording, F&& f) {
  check_out_grad(name, recording, outs, n);
  Tensor results[4];
  {
    GradMode guard(false);
    detail::unpack(f(), results);
  }
  for (int i = 0; i < n; ++i) write_output(outs[i], results[i]);
}

namespace detail {
/// The node of an `out=` that took part in recording although no rule leads through it: backward fails.
template <class O>
struct OutOnly {
  static consteval Op without_rule(Op op) {
    op.node = "torch::autograd::NotImplemented";
    return op;
  }
  static constexpr Op op = without_rule(O::op);
  static Tensor d0(const Tensor&) { return no_derivative(O::op.schema.name); }
};
}  // namespace detail

/// The same for an operator O that may have its own way of writing results, `O::write_out(outs, args...)`, or of
/// refusing them, `O::check_out(out, dtype of the result)`. A composite whose parts make a graph says so by
/// `differentiable`, a constant or a function of the arguments, or by `copies_out(args...)` that its result is copied
/// with a gradient; one that takes `out=` all the same and only fails in
/// backward, by `fails_in_backward`.
template <class O, class F, class... A>
void via_out(std::string_view name, const Tensor* outs, int n, bool recording, F&& f, const A&... args) {
  if constexpr (requires { O::differentiable(args...); })
    recording = is_grad_enabled() && O::differentiable(args...) && (detail::wants_grad(args) || ...);
  else if constexpr (requires { O::differentiable; })
    recording = is_grad_enabled() && (detail::wants_grad(args) || ...);
  if constexpr (requires { O::copies_out(args...); }) {
    if (O::copies_out(args...)) {
      const Tensor result = f();
      if constexpr (requires { &O::check_out; }) O::check_out(*outs, result.dtype());
      return copy_output(*outs, result);
    }
  }
  if constexpr (requires { O::write_out(outs, args...); }) {
    check_out_grad(name, recording, outs, n);
    GradMode guard(false);
    O::write_out(outs, args...);
  } else if constexpr (requires { &O::check_out; }) {
    constexpr bool late = requires { O::fails_in_backward; };
    check_out_grad(name, recording && !late, outs, n);
    {
      GradMode guard(false);
      const Tensor result = f();
      O::check_out(*outs, result.dtype());
      write_output(*outs, result, &O::op);
    }
    Tensor out = *outs;
    if constexpr (late)
      if (recording) attach<detail::OutOnly<O>>(&out, 1, nullptr, true, args...);
  } else {
    via_out(name, outs, n, recording, f);
  }
}

/// Runs a kernel that writes into an existing tensor; no autograd, no version.
void run_into(const Tensor& dst, Run run, const Tensors& inputs, const std::vector<int64_t>& ints);

/// In-place form of a structured or compound operator: computes, copies into self, attaches the operator's own node.
/// An operator that can do without the copy has `O::update(args...)`, which checks and then writes into self.
template <class O, class F, class... A>
const Tensor& via_inplace(F&& f, const A&... args) {
  const Tensor& self = *detail::first_tensor(args...);
  const bool recording = records_gradient<O>(args...);
  check_inplace(self.impl(), recording);
  if (recording) refuse_inference<O>(args...);
  if constexpr (requires { O::check_self(args...); }) O::check_self(args...);
  Tensor original;
  Tensor result;
  {
    GradMode guard(false);
    if constexpr (requires { O::update(args...); }) {
      if (recording && detail::needs_original<O>(args...)) original = copy_of(self);
      O::update(args...);
    } else {
      result = f();
      check_no_internal_overlap(self);
      if (recording && detail::needs_original<O>(args...)) original = copy_of(self);
    }
  }
  if constexpr (requires { O::update(args...); }) bump_version(self.impl(), &O::op);
  else write_inplace(self, result, &O::op);
  Tensor out = self;
  if (recording) attach<O>(&out, 1, original.defined() ? &original : nullptr, true, args...);
  return self;
}

// ---- views

template <class O, class... A>
Tensor view_op(const Tensor& self, const A&... args) {
  Tensor out = make_view(self, O::geometry(geometry_of(self), args...));
  if (records_gradient<O>(self, args...)) attach<O>(&out, 1, nullptr, false, self, args...);
  return out;
}

}  // namespace gradus
