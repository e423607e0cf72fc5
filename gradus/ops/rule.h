// Gradient rules: the parameter types of d0, d1, … say what a node saves; from them the node and its walk are made.
#pragma once
#include <string>
#include <type_traits>

#include "gradus/core/node.h"
#include "gradus/core/tensor.h"
#include "gradus/ops/op.h"

namespace gradus {

/// What a rule may ask for besides the gradient of the first result. I counts the arguments of the schema.
template <int I>
struct In : Tensor {};  // argument I as it was
template <int I>
struct InList {  // the tensors of list argument I (undefined ones stay undefined)
  Tensors list;
};
template <int I>
struct Out : Tensor {};  // result I
template <int I>
struct Grad : Tensor {};  // gradient of result I; undefined if nothing depends on it
/// The gradients of all results; for operators with a list of results.
struct Grads {
  const Tensor* data;
  int size;
};
/// Which arguments want a gradient, for a rule that computes those of several at once: `together` instead of single
/// rules, `static constexpr uint32_t joint` with a bit for each of these arguments; it returns one tensor for each bit,
/// in order, undefined where none is wanted.
struct Wants {
  uint32_t bits;
  bool operator[](int argument) const { return bits >> argument & 1u; }
};
/// Shape, dtype and order of argument I; nothing is kept alive.
struct TensorMeta {
  Dims sizes;
  DType dtype = DType::Float32;
  bool column_major = false;  // a matrix that is the transpose of a contiguous one
  operator IntList() const { return sizes; }
};
template <int I>
struct Shape : TensorMeta {};
template <int I>
struct Shapes {  // of a list argument
  const std::vector<TensorMeta>& list;
};
/// The value of argument I (lists as Dims, strings as std::string).
template <class T, int I>
struct Attr {
  const T& value;
  operator const T&() const { return value; }
  const T* operator->() const { return &value; }
  const T& operator*() const { return value; }
};

/// Creates the tensor a rule sees: the saved value with its edge into the graph. Raises if it was changed or released.
/// `output`: which result of the node it is, or -1 for an argument.
Tensor unpack_saved(Node& node, int slot, const Edge& edge, int output);
/// The value of a slot that `hooks` take from now on; for hooks set after the node was made.
void repack_saved(Node& node, int slot, const Tensor& value, SavedHooks* hooks);
/// A node as PyTorch's messages name it: "Mul", "torch::autograd::CopySlices".
std::string message_name(const NodeType& type);
/// What name() of a node says: "MulBackward0", "torch::autograd::CopySlices".
std::string full_name(const NodeType& type);
/// " (at …)", where anomaly mode saw the node made or the memory written; else nothing. Defined by autograd.
std::string place_of_node(const Node& node);
std::string place_of_write(const Version& version);
/// Keeps a value for backward, by way of the hooks in force.
void save_value(Node& node, int slot, const Tensor& value);

namespace detail {

template <class T>
struct OwnedAs {
  using type = T;
};
template <>
struct OwnedAs<Tensor> {
  using type = TensorMeta;
};
template <>
struct OwnedAs<TensorList> {
  using type = std::vector<TensorMeta>;
};
template <>
struct OwnedAs<IntList> {
  using type = Dims;
};
template <>
struct OwnedAs<OptIntList> {
  using type = std::optional<Dims>;
};
template <>
struct OwnedAs<std::string_view> {
  using type = std::string;
};
template <class T>
using Owned = typename OwnedAs<T>::type;

inline TensorMeta own(const Tensor& t) {
  if (!t.defined()) return {};
  const bool column_major = t.dim() == 2 && t.stride(0) == 1 && t.stride(1) == t.size(0);
  return {Dims(t.sizes()), t.dtype(), column_major};
}
inline std::vector<TensorMeta> own(const TensorList& list) {
  std::vector<TensorMeta> out;
  for (const Tensor& t : list) out.push_back(own(t));
  return out;
}
inline Dims own(const IntList& list) { return Dims(list); }
inline std::optional<Dims> own(const OptIntList& list) {
  return list ? std::optional<Dims>(Dims(*list)) : std::nullopt;
}
inline std::string own(std::string_view text) { return std::string(text); }
template <class T>
const T& own(const T& value) {
  return value;
}

// Arguments whose gradients one rule computes together.
template <class O>
consteval uint32_t joint_of() {
  if constexpr (requires { O::joint; }) return O::joint;
  else return 0;
}
/// How many results can have a gradient: all, unless the operator says so by `tracked`.
template <class O>
consteval int tracked_of() {
  if constexpr (requires { O::tracked; }) return O::tracked;
  else return O::op.schema.n_returns;
}

// The rule of argument I, or null.
template <class O, int I>
consteval auto rule() {
  if constexpr ((joint_of<O>() >> I & 1u) != 0) return &O::together;
  else if constexpr (I == 0 && requires { &O::d0; }) return &O::d0;
  else if constexpr (I == 1 && requires { &O::d1; }) return &O::d1;
  else if constexpr (I == 2 && requires { &O::d2; }) return &O::d2;
  else if constexpr (I == 3 && requires { &O::d3; }) return &O::d3;
  else if constexpr (I == 4 && requires { &O::d4; }) return &O::d4;
  else if constexpr (I == 5 && requires { &O::d5; }) return &O::d5;
  else if constexpr (I == 6 && requires { &O::d6; }) return &O::d6;
  else return nullptr;
}
template <class O, int I>
constexpr bool has_rule = !std::is_same_v<decltype(rule<O, I>()), std::nullptr_t>;
/// The arguments that may have a rule.
using RuleIndices = std::make_integer_sequence<int, 7>;
template <class O>
constexpr bool has_any_rule = []<int... I>(std::integer_sequence<int, I...>) {
  return (has_rule<O, I> || ...);
}
(RuleIndices{});

// Bits of what a parameter type saves: arguments from bit 0, results from bit 16.
template <class P>
struct Saves {
  static constexpr uint32_t bits = 0;
};
template <int I>
struct Saves<In<I>> {
  static constexpr uint32_t bits = 1u << I;
};
template <int I>
struct Saves<Out<I>> {
  static constexpr uint32_t bits = 1u << (16 + I);
};
template <class P>
struct SavesList {
  static constexpr int index = -1;
};
template <int I>
struct SavesList<InList<I>> {
  static constexpr int index = I;
};
// The argument of which a parameter type needs the value or the shape, as a bit.
template <class P>
struct UsesContext {
  static constexpr uint32_t bits = 0;
};
template <int I>
struct UsesContext<Shape<I>> {
  static constexpr uint32_t bits = 1u << I;
};
template <int I>
struct UsesContext<Shapes<I>> {
  static constexpr uint32_t bits = 1u << I;
};
template <class T, int I>
struct UsesContext<Attr<T, I>> {
  static constexpr uint32_t bits = 1u << I;
};
template <class P>
struct UsesGrad {
  static constexpr bool value = false;
};
template <int I>
struct UsesGrad<Grad<I>> {
  static constexpr bool value = true;
};
template <>
struct UsesGrad<Grads> {
  static constexpr bool value = true;
};

template <class R, class... P>
consteval uint32_t saves_of(R (*)(P...)) {
  return (0u | ... | Saves<std::remove_cvref_t<P>>::bits);
}
template <class R, class... P>
consteval uint32_t context_of(R (*)(P...)) {
  return (0u | ... | UsesContext<std::remove_cvref_t<P>>::bits);
}
template <class R, class... P>
consteval bool grads_of(R (*)(P...)) {
  return (false || ... || UsesGrad<std::remove_cvref_t<P>>::value);
}
template <class R, class... P>
consteval int list_of(R (*)(P...)) {
  int index = -1;
  ((index = SavesList<std::remove_cvref_t<P>>::index >= 0 ? SavesList<std::remove_cvref_t<P>>::index : index), ...);
  return index;
}
consteval int list_of(std::nullptr_t) { return -1; }
consteval uint32_t saves_of(std::nullptr_t) { return 0; }
consteval uint32_t context_of(std::nullptr_t) { return 0; }
consteval bool grads_of(std::nullptr_t) { return false; }

template <class O, int I>
constexpr uint32_t rule_saves = saves_of(rule<O, I>());
template <class O>
constexpr uint32_t all_saves = []<int... I>(std::integer_sequence<int, I...>) {
  return (rule_saves<O, I> | ...);
}
(RuleIndices{});
/// The list argument whose tensors are saved behind the fixed slots, or -1.
template <class O>
constexpr int saved_list = []<int... I>(std::integer_sequence<int, I...>) {
  int index = -1;
  ((index = list_of(rule<O, I>()) >= 0 ? list_of(rule<O, I>()) : index), ...);
  return index;
}
(RuleIndices{});
template <class O>
constexpr uint32_t context_bits = []<int... I>(std::integer_sequence<int, I...>) {
  return (context_of(rule<O, I>()) | ...);
}
(RuleIndices{});
template <class O>
constexpr bool needs_context = context_bits<O> != 0;
template <class O, size_t I>
constexpr bool keeps_argument = (context_bits<O> & (1u << I)) != 0;
struct Nothing {};
// What a node keeps of argument I if its rules ask for it.
template <class O, size_t I, class T>
decltype(auto) own_if_used(const T& value) {
  if constexpr (keeps_argument<O, I>) return own(value);
  else return Nothing{};
}
template <class O, int Bit>
constexpr bool saves_bit = (all_saves<O> & (1u << Bit)) != 0;
template <class O, uint32_t Bit>
constexpr int slot_of = __builtin_popcount(all_saves<O>&(Bit - 1));

/// "mul" -> "MulBackward0", made once per operator.
struct NodeName {
  char text[64] = {};
  consteval NodeName(const Op& op) {
    size_t n = 0;
    auto put = [&](std::string_view s) {
      for (char c : s) text[n++] = c;
    };
    if (!op.node.empty()) {
      put(op.node);
      return;
    }
    bool upper = true, digit = false;
    for (char c : op.schema.name) {
      if (c == '_') {
        upper = true;
        continue;
      }
      text[n++] = (upper || digit) && c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
      upper = false;
      digit = c >= '0' && c <= '9';
    }
    put("Backward0");
  }
};
template <class O>
constexpr NodeName node_name{O::op};

template <class O, class... A>
struct Rules {
  template <size_t... K>
  static auto context_type(std::index_sequence<K...>)
      -> std::tuple<std::conditional_t<keeps_argument<O, K>, Owned<A>, Nothing>...>;
  using Context = decltype(context_type(std::index_sequence_for<A...>{}));
  static_assert(alignof(Context) <= alignof(Node));

  static void destroy_context(Node& n) noexcept {
    if (n.context) static_cast<Context*>(n.context)->~Context();
  }

  // Edge index of argument I; list arguments contribute one edge per element.
  template <int I>
  static int edge_of(const Node& n) {
    int e = 0;
    int lists = 0;
    [&]<size_t... K>(std::index_sequence<K...>) {
      ((e += static_cast<int>(K) < I && has_rule<O, K> && !is_list<K> ? 1 : 0), ...);
      ((lists += static_cast<int>(K) < I && has_rule<O, K> && is_list<K> ? 1 : 0), ...);
    }
    (std::index_sequence_for<A...>{});
    return lists ? n.n_next - (edges_without_lists() - e) : e;
  }
  static constexpr int edges_without_lists() {
    int e = 0;
    [&]<size_t... K>(std::index_sequence<K...>) { ((e += has_rule<O, K> && !is_list<K> ? 1 : 0), ...); }
    (std::index_sequence_for<A...>{});
    return e;
  }
  template <size_t K>
  static constexpr bool is_list = std::is_same_v<std::tuple_element_t<K, std::tuple<A...>>, TensorList>;

  template <class P>
  struct Make;
  template <int I>
  struct Make<In<I>> {
    static In<I> of(Node& n, const Tensor*) {
      Edge e;
      if constexpr (has_rule<O, I>) e = n.next()[edge_of<I>(n)];
      return {unpack_saved(n, slot_of<O, (1u << I)>, e, -1)};
    }
  };
  template <int I>
  struct Make<InList<I>> {
    static InList<I> of(Node& n, const Tensor*) {
      InList<I> out;
      for (int k = __builtin_popcount(all_saves<O>); k < n.n_saved; ++k)
        out.list.push_back(unpack_saved(n, k, Edge{}, -1));
      return out;
    }
  };
  template <int I>
  struct Make<Out<I>> {
    static Out<I> of(Node& n, const Tensor*) {
      constexpr bool tracked = I < tracked_of<O>();
      return {unpack_saved(n, slot_of<O, (1u << (16 + I))>, tracked ? Edge{&n, I} : Edge{}, tracked ? I : -1)};
    }
  };
  template <int I>
  struct Make<Grad<I>> {
    static Grad<I> of(Node&, const Tensor* g) { return {g[I]}; }
  };
  template <class Unused>
  struct MakeGrads {
    static Grads of(Node& n, const Tensor* g) { return {g, n.n_out}; }
  };
  template <int I>
  struct Make<Shape<I>> {
    static Shape<I> of(Node& n, const Tensor*) { return {std::get<I>(*static_cast<Context*>(n.context))}; }
  };
  template <int I>
  struct Make<Shapes<I>> {
    static Shapes<I> of(Node& n, const Tensor*) { return {std::get<I>(*static_cast<Context*>(n.context))}; }
  };
  template <class T, int I>
  struct Make<Attr<T, I>> {
    static Attr<T, I> of(Node& n, const Tensor*) { return {std::get<I>(*static_cast<Context*>(n.context))}; }
  };

  template <class R, class... P>
  static R invoke(R (*f)(const Tensor&, P...), Node& n, const Tensor* grads) {
    return f(grads[0], std::conditional_t<std::is_same_v<std::remove_cvref_t<P>, Grads>, MakeGrads<P>,
                                          Make<std::remove_cvref_t<P>>>::of(n, grads)...);
  }
  template <class R, class... P>
  static R invoke_joint(R (*f)(const Tensor&, const Wants&, P...), const Wants& wants, Node& n, const Tensor* grads) {
    return f(grads[0], wants, Make<std::remove_cvref_t<P>>::of(n, grads)...);
  }
  static void apply_joint(Node& n, const Tensor* grads, Tensor* out) {
    if (!grads_of(&O::together) && !grads[0].defined()) return;
    Wants wants{0};
    int edges[4], n_edges = 0;
    [&]<int... K>(std::integer_sequence<int, K...>) {
      ((joint_of<O>() >> K & 1u ? void(edges[n_edges++] = edge_of<K>(n)) : void()), ...);
      int at = 0;
      ((joint_of<O>() >> K & 1u ? void(wants.bits |= n.next()[edges[at++]].node ? 1u << K : 0u) : void()), ...);
    }
    (std::make_integer_sequence<int, 5>{});
    if (!wants.bits) return;
    Tensors all = invoke_joint(&O::together, wants, n, grads);
    for (int k = 0; k < n_edges; ++k)
      if (n.next()[edges[k]].node) out[edges[k]] = static_cast<Tensor&&>(all[static_cast<size_t>(k)]);
  }

  template <int I>
  static void apply_rule(Node& n, const Tensor* grads, Tensor* out) {
    if constexpr (has_rule<O, I> && (joint_of<O>() >> I & 1u) == 0) {
      if (!grads_of(rule<O, I>()) && !grads[0].defined()) return;
      const int e = edge_of<I>(n);
      if constexpr (is_list<I>) {
        Tensors all = invoke(rule<O, I>(), n, grads);
        for (size_t k = 0; k < all.size(); ++k) out[e + static_cast<int>(k)] = static_cast<Tensor&&>(all[k]);
      } else {
        if (n.next()[e].node) out[e] = invoke(rule<O, I>(), n, grads);
      }
    }
  }

  static void apply(Node& n, const Tensor* grads, Tensor* out) {
    [&]<size_t... K>(std::index_sequence<K...>) { (apply_rule<static_cast<int>(K)>(n, grads, out), ...); }
    (std::index_sequence_for<A...>{});
    if constexpr (joint_of<O>() != 0) apply_joint(n, grads, out);
  }

  static constexpr uint32_t edge_bits() {
    uint32_t bits = 0;
    [&]<size_t... K>(std::index_sequence<K...>) { ((bits |= has_rule<O, K> ? 1u << K : 0u), ...); }
    (std::index_sequence_for<A...>{});
    return bits;
  }

  static constexpr NodeType type{node_name<O>.text, &apply,     needs_context<O> ? &destroy_context : nullptr,
                                 nullptr,           false,      &O::op,
                                 all_saves<O>,      edge_bits()};
};

inline bool wants_grad(const Tensor& t) { return t.defined() && t.impl()->requires_grad(); }
inline bool wants_grad(const TensorList& list) {
  for (const Tensor& t : list)
    if (wants_grad(t)) return true;
  return false;
}
template <class T>
constexpr bool wants_grad(const T&) {
  return false;
}

inline void update_views(const Tensor& t) {
  if (wants_grad(t) && t.impl()->meta && t.impl()->meta->base) current_node(t.impl());
}
inline void update_views(const TensorList& list) {
  for (const Tensor& t : list) update_views(t);
}
template <class T>
void update_views(const T&) {}

void set_edge(Node& n, int& at, const Tensor& t);
inline void set_edge(Node& n, int& at, const TensorList& list) {
  for (const Tensor& t : list) set_edge(n, at, t);
}
template <class T>
void set_edge(Node&, int&, const T&) {}
inline int edge_count(const Tensor&) { return 1; }
inline int edge_count(const TensorList& list) { return static_cast<int>(list.size()); }
template <class T>
constexpr int edge_count(const T&) {
  return 0;
}

void check_not_inference(const Tensor& t);
template <class T>
void check_not_inference(const T&) {}

/// Describes the results in the node; each differentiable one becomes a child of it unless `in_place`.
void adopt_results(Node* node, Tensor* outs, int n_out, bool in_place);

/// A node under construction: freed if saving a value raises. Edges and saved arguments of an in-place call belong to
/// the time before the write, so its version is set back meanwhile.
class Making {
 public:
  Making(Node* node, Version* written) : node_(node), written_(written) {
    if (written_) --written_->n;
  }
  ~Making() {
    if (node_) drop(release());
  }
  Making(const Making&) = delete;
  Making& operator=(const Making&) = delete;
  Node* release() {
    if (written_) ++written_->n;
    Node* n = node_;
    node_ = nullptr;
    return n;
  }

 private:
  Node* node_;
  Version* written_;
};

}  // namespace detail

/// True if grad mode is on and an argument that has a rule requires a gradient. Views among the arguments behind self
/// are then brought up to date, which may raise: in-place calls must not find out after they have written.
template <class O, class... A>
bool records_gradient(const A&... args) {
  if constexpr (!detail::has_any_rule<O>) return false;
  if (!is_grad_enabled()) return false;
  bool any = false;
  [&]<size_t... K>(std::index_sequence<K...>) {
    ((any = any || (detail::has_rule<O, static_cast<int>(K)> && detail::wants_grad(args))), ...);
    if (any) ((K > 0 && detail::has_rule<O, static_cast<int>(K)> ? detail::update_views(args) : void()), ...);
  }
  (std::index_sequence_for<A...>{});
  return any;
}

/// Raises if the call would save an inference tensor: an in-place call must find out before it writes.
template <class O, class... A>
void refuse_inference(const A&... args) {
  [&]<size_t... K>(std::index_sequence<K...>) {
    uint32_t wanted = 0;
    ((wanted |= detail::has_rule<O, static_cast<int>(K)> && detail::wants_grad(args)
                    ? detail::rule_saves<O, static_cast<int>(K)>
                    : 0u),
     ...);
    ((wanted >> K & 1u ? detail::check_not_inference(args) : void()), ...);
  }
  (std::index_sequence_for<A...>{});
}

/// Makes the node of a call and hangs its results on it. `original` is the saved self of an in-place call, if needed;
/// such a call has counted its write already.
template <class O, class... A>
void attach(Tensor* outs, int n_out, const Tensor* original, bool in_place, const A&... args) {
  using R = detail::Rules<O, A...>;
  bool differentiable = false;
  for (int i = 0; i < n_out; ++i) differentiable |= outs[i].defined() && is_floating(outs[i].dtype());
  if (!differentiable) return;
  [&]<size_t... K>(std::index_sequence<K...>) {
    int edges = 0;
    ((edges += detail::has_rule<O, static_cast<int>(K)> ? detail::edge_count(args) : 0), ...);
    int listed = 0;
    ((listed += static_cast<int>(K) == detail::saved_list<O> ? detail::edge_count(args) : 0), ...);
    constexpr int fixed = __builtin_popcount(detail::all_saves<O>);
    Node* n =
        new_node(R::type, edges, fixed + listed, n_out, detail::needs_context<O> ? sizeof(typename R::Context) : 0);
    detail::Making making(n, in_place ? &version_of(outs[0].impl()) : nullptr);
    int at = 0;
    ((detail::has_rule<O, static_cast<int>(K)> ? detail::set_edge(*n, at, args) : void()), ...);
    uint32_t wanted = 0;
    ((wanted |= detail::has_rule<O, static_cast<int>(K)> && detail::wants_grad(args)
                    ? detail::rule_saves<O, static_cast<int>(K)>
                    : 0u),
     ...);
    auto save_arg = [&]<size_t I>(std::integral_constant<size_t, I>, const auto& arg) {
      if constexpr (std::is_same_v<std::decay_t<decltype(arg)>, Tensor> && detail::saves_bit<O, static_cast<int>(I)>) {
        if (wanted >> I & 1u) save_value(*n, detail::slot_of<O, (1u << I)>, I == 0 && original ? *original : arg);
      }
    };
    (save_arg(std::integral_constant<size_t, K>{}, args), ...);
    auto save_list = [&]<size_t I>(std::integral_constant<size_t, I>, const auto& arg) {
      if constexpr (static_cast<int>(I) == detail::saved_list<O>)
        for (int64_t k = 0; k < arg.size(); ++k) save_value(*n, fixed + static_cast<int>(k), arg[k]);
    };
    (save_list(std::integral_constant<size_t, K>{}, args), ...);
    if constexpr (detail::needs_context<O>)
      n->context = new (n->tail()) typename R::Context(detail::own_if_used<O, K>(args)...);
    detail::adopt_results(making.release(), outs, n_out, in_place);
    auto save_out = [&]<int I>(std::integral_constant<int, I>) {
      if constexpr (detail::saves_bit<O, 16 + I>)
        if (wanted >> (16 + I) & 1u) save_value(*n, detail::slot_of<O, (1u << (16 + I))>, outs[I]);
    };
    save_out(std::integral_constant<int, 0>{});
    save_out(std::integral_constant<int, 1>{});
    save_out(std::integral_constant<int, 2>{});
    save_out(std::integral_constant<int, 3>{});
  }
  (std::index_sequence_for<A...>{});
}

}  // namespace gradus
