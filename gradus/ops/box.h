// Calls by value list: how the Python binding reaches a typed C++ function without knowing its type.
#pragma once
#include "gradus/core/tensor.h"
#include "gradus/ops/op.h"

namespace gradus {

/// An argument as the binding parsed it. Lists are borrowed.
struct Value {
  bool none = true;
  union {
    const Tensor* tensor;  // one, or the first of a list
    const int64_t* ints;
    const Scalar* scalars;
    const double* reals;
    const char* text;
    int64_t integer;
    double real;
    bool flag;
    Generator* generator;
    Storage* storage;
  };
  int64_t size = 0;  // of a list or text
  Scalar scalar;
  Value() : integer(0) {}
};

/// Up to four results, or a list.
struct Results {
  enum class Kind : uint8_t { Nothing, Tensors, List, Number, Flag, Integer, DType } kind = Kind::Nothing;
  Tensor tensors[4];
  int n = 0;
  Tensors list;
  Scalar number;
};

using AnyFn = void (*)();
struct Boxed {
  AnyFn fn = nullptr;
  void (*call)(AnyFn fn, const Value* values, Results& out) = nullptr;
};

struct OpEntry {
  const Op* op;
  Boxed function, inplace, out;  // `out` takes the out tensors first
};
struct OpTable {
  const OpEntry* entries;
  const int* size;
};
extern const OpTable op_tables[];
extern const int n_op_tables;

namespace detail {

inline const Tensor kUndefined;

template <class T>
struct Unbox;
template <>
struct Unbox<const Tensor&> {
  static const Tensor& of(const Value& v) { return v.none ? kUndefined : *v.tensor; }
};
template <>
struct Unbox<TensorList> {
  static TensorList of(const Value& v) { return {v.tensor, v.size}; }
};
template <>
struct Unbox<Scalar> {
  static Scalar of(const Value& v) { return v.scalar; }
};
template <>
struct Unbox<int64_t> {
  static int64_t of(const Value& v) { return v.integer; }
};
template <>
struct Unbox<bool> {
  static bool of(const Value& v) { return v.flag; }
};
template <>
struct Unbox<double> {
  static double of(const Value& v) { return v.real; }
};
template <>
struct Unbox<IntList> {
  static IntList of(const Value& v) { return {v.ints, v.size}; }
};
template <>
struct Unbox<OptIntList> {
  static OptIntList of(const Value& v) { return v.none ? OptIntList{} : OptIntList(IntList(v.ints, v.size)); }
};
template <>
struct Unbox<ScalarList> {
  static ScalarList of(const Value& v) { return {v.scalars, static_cast<size_t>(v.size)}; }
};
template <>
struct Unbox<OptFloatList> {
  static OptFloatList of(const Value& v) {
    return v.none ? OptFloatList{} : OptFloatList(std::span(v.reals, static_cast<size_t>(v.size)));
  }
};
template <>
struct Unbox<std::string_view> {
  static std::string_view of(const Value& v) { return {v.text, static_cast<size_t>(v.size)}; }
};
template <>
struct Unbox<DType> {
  static DType of(const Value& v) { return static_cast<DType>(v.integer); }
};
template <>
struct Unbox<Device> {
  static Device of(const Value& v) { return static_cast<Device>(v.integer); }
};
template <>
struct Unbox<Layout> {
  static Layout of(const Value& v) { return static_cast<Layout>(v.integer); }
};
template <>
struct Unbox<MemoryFormat> {
  static MemoryFormat of(const Value& v) { return static_cast<MemoryFormat>(v.integer); }
};
template <>
struct Unbox<Generator*> {
  static Generator* of(const Value& v) { return v.none ? nullptr : v.generator; }
};
template <>
struct Unbox<Storage*> {
  static Storage* of(const Value& v) { return v.storage; }
};
template <class T>
struct Unbox<std::optional<T>> {
  static std::optional<T> of(const Value& v) { return v.none ? std::nullopt : std::optional<T>(Unbox<T>::of(v)); }
};

inline void put(Results& out, Tensor t) {
  out.kind = Results::Kind::Tensors;
  out.n = 1;
  out.tensors[0] = static_cast<Tensor&&>(t);
}
inline void put(Results& out, Tensors list) {
  out.kind = Results::Kind::List;
  out.list = static_cast<Tensors&&>(list);
}
inline void put(Results& out, Scalar s) {
  out.kind = Results::Kind::Number;
  out.number = s;
}
inline void put(Results& out, bool b) {
  out.kind = Results::Kind::Flag;
  out.number = Scalar(b);
}
inline void put(Results& out, int64_t i) {
  out.kind = Results::Kind::Integer;
  out.number = Scalar(static_cast<long>(i));
}
inline void put(Results& out, DType t) {
  out.kind = Results::Kind::DType;
  out.number = Scalar(static_cast<long>(t));
}
template <class... T>
void put(Results& out, std::tuple<T...> t) {
  out.kind = Results::Kind::Tensors;
  std::apply([&](auto&... x) { ((out.tensors[out.n++] = static_cast<Tensor&&>(x)), ...); }, t);
}

template <class R, class... A>
void call_boxed(AnyFn f, const Value* v, Results& out) {
  auto fn = reinterpret_cast<R (*)(A...)>(f);
  [&]<size_t... I>(std::index_sequence<I...>) {
    if constexpr (std::is_void_v<R>) fn(Unbox<A>::of(v[I])...);
    else put(out, fn(Unbox<A>::of(v[I])...));
  }
  (std::index_sequence_for<A...>{});
}

}  // namespace detail

template <class R, class... A>
Boxed boxed(R (*fn)(A...)) {
  return {reinterpret_cast<AnyFn>(fn), &detail::call_boxed<R, A...>};
}

}  // namespace gradus
