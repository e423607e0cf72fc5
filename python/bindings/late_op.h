// Operators that the binding itself uses, found in the table by their schema's name when first called.
#pragma once
#include "gradus/core/tensor.h"
#include "gradus/ops/box.h"

namespace gradus::py {

enum class OpForm { Function, InPlace };
/// The entry "name" or "name.overload"; null if there is none.
const OpEntry* find_entry(std::string_view name);
/// Its form; NotImplementedError if there is no such operator or `call` shows that its C++ type is another.
AnyFn find_operator(std::string_view name, OpForm form, void (*call)(AnyFn, const Value*, Results&));

template <class F>
class LateOp;
template <class R, class... A>
class LateOp<R(A...)> {
 public:
  constexpr explicit LateOp(std::string_view name, OpForm form = OpForm::Function) : name_(name), form_(form) {}
  R operator()(A... args) {
    if (!fn_) [[unlikely]]
      fn_ = reinterpret_cast<R (*)(A...)>(find_operator(name_, form_, &detail::call_boxed<R, A...>));
    return fn_(args...);
  }
  bool exists() const { return find_entry(name_); }

 private:
  std::string_view name_;
  OpForm form_;
  R (*fn_)(A...) = nullptr;
};

using UnaryOp = LateOp<Tensor(const Tensor&)>;
using BinaryOp = LateOp<Tensor(const Tensor&, const Tensor&)>;
using ScalarOp = LateOp<Tensor(const Tensor&, Scalar)>;

/// A tensor over fresh memory, row-major and uninitialised.
Tensor fresh_tensor(const IntList& sizes, DType dtype);
/// A 0-d tensor holding a number.
Tensor scalar_tensor(Scalar value, DType dtype);

}  // namespace gradus::py
