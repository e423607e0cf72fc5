// Tensors in Python's arithmetic: operators, reflected and in-place operators, comparisons, conversions to numbers.
#include "gradus/core/format.h"
#include "gradus/gen/functions.h"
#include "python/bindings/torch_function.h"
#include "python/bindings/values.h"

namespace gradus::py {

namespace {

PyObject* not_implemented() { Py_RETURN_NOTIMPLEMENTED; }

/// Names by which a __torch_function__ knows an operator: with the tensor on the left, on the right, in place.
struct Called {
  const char *left, *right, *inplace;
};

// A call that is not plain. What the parser would refuse is left to the other operand.
PyObject* override_operator(const Called& names, PyObject* a, PyObject* b) {
  const bool left = is_tensor(a);
  PyObject* other = left ? b : a;
  if (!is_tensor(other) && !is_number(other) && !overrides(other)) return not_implemented();
  PyObject* result = nullptr;
  try {
    result = left ? override_method(names.left, {a, b}) : override_method(names.right, {b, a});
  } catch (const PythonError&) {
    if (!PyErr_ExceptionMatches(PyExc_TypeError)) throw;
    PyErr_Clear();
    return not_implemented();
  }
  return result;
}
inline bool plain_pair(PyObject* a, PyObject* b) { return !function_mode_active() && !overrides(a) && !overrides(b); }

// Tensor with tensor, tensor with number, number with tensor; anything else is left to the other operand.
template <class TT, class TS, class ST>
PyObject* binary(const Called& names, PyObject* a, PyObject* b, TT&& tt, TS&& ts, ST&& st) noexcept {
  return guarded([&]() -> PyObject* {
    if (!plain_pair(a, b)) [[unlikely]]
      return override_operator(names, a, b);
    if (is_tensor(a)) {
      if (is_tensor(b)) return wrap(tt(tensor_of(a), tensor_of(b)));
      if (is_number(b)) return wrap(ts(tensor_of(a), to_scalar(b)));
    } else if (is_number(a)) {
      return wrap(st(to_scalar(a), tensor_of(b)));
    }
    return not_implemented();
  });
}

template <class TT, class TS>
PyObject* inplace(const Called& names, PyObject* a, PyObject* b, TT&& tt, TS&& ts) noexcept {
  return guarded([&]() -> PyObject* {
    if (!plain_pair(a, b)) [[unlikely]]
      return override_method(names.inplace, {a, b});
    if (is_tensor(b)) tt(tensor_of(a), tensor_of(b));
    else if (is_number(b)) ts(tensor_of(a), to_scalar(b));
    else return not_implemented();
    Py_INCREF(a);
    return a;
  });
}

constexpr Called kAdd{"add", "add", "add_"}, kMultiply{"mul", "mul", "mul_"}, kSubtract{"sub", "__rsub__", "sub_"},
    kDivide{"div", "__rdiv__", "__idiv__"}, kFloor{"__floordiv__", "__rfloordiv__", "__ifloordiv__"},
    kPower{"pow", "__rpow__", "pow_"}, kRemainder{"remainder", "__rmod__", "remainder_"},
    kAnd{"__and__", "bitwise_and", "__iand__"}, kOr{"__or__", "bitwise_or", "__ior__"},
    kXor{"__xor__", "bitwise_xor", "__ixor__"}, kLeft{"__lshift__", "__rlshift__", "__ilshift__"},
    kRight{"__rshift__", "__rrshift__", "__irshift__"}, kMatmul{"matmul", "__rmatmul__", "__imatmul__"};

// ---- the four that matter most are called directly

PyObject* add(PyObject* a, PyObject* b) {
  return binary(
      kAdd, a, b, [](const Tensor& x, const Tensor& y) { return gradus::add(x, y); },
      [](const Tensor& x, Scalar y) { return gradus::add(x, y); },
      [](Scalar x, const Tensor& y) { return gradus::add(y, x); });
}
PyObject* multiply(PyObject* a, PyObject* b) {
  return binary(
      kMultiply, a, b, [](const Tensor& x, const Tensor& y) { return gradus::mul(x, y); },
      [](const Tensor& x, Scalar y) { return gradus::mul(x, y); },
      [](Scalar x, const Tensor& y) { return gradus::mul(y, x); });
}
PyObject* subtract(PyObject* a, PyObject* b) {
  return binary(
      kSubtract, a, b, [](const Tensor& x, const Tensor& y) { return gradus::sub(x, y); },
      [](const Tensor& x, Scalar y) { return gradus::sub(x, y); },
      [](Scalar x, const Tensor& y) { return rsub(y, x); });
}
PyObject* divide(PyObject* a, PyObject* b) {
  return binary(
      kDivide, a, b, [](const Tensor& x, const Tensor& y) { return gradus::div(x, y); },
      [](const Tensor& x, Scalar y) { return gradus::div(x, y); },
      [](Scalar x, const Tensor& y) { return gradus::mul(reciprocal(y), x); });
}
PyObject* add_inplace(PyObject* a, PyObject* b) {
  return inplace(
      kAdd, a, b, [](const Tensor& x, const Tensor& y) { add_(x, y); }, [](const Tensor& x, Scalar y) { add_(x, y); });
}
PyObject* subtract_inplace(PyObject* a, PyObject* b) {
  return inplace(
      kSubtract, a, b, [](const Tensor& x, const Tensor& y) { sub_(x, y); },
      [](const Tensor& x, Scalar y) { sub_(x, y); });
}
PyObject* multiply_inplace(PyObject* a, PyObject* b) {
  return inplace(
      kMultiply, a, b, [](const Tensor& x, const Tensor& y) { mul_(x, y); },
      [](const Tensor& x, Scalar y) { mul_(x, y); });
}
PyObject* divide_inplace(PyObject* a, PyObject* b) {
  return inplace(
      kDivide, a, b, [](const Tensor& x, const Tensor& y) { div_(x, y); },
      [](const Tensor& x, Scalar y) { div_(x, y); });
}

// ---- the others

using Tensors2 = Tensor (*)(const Tensor&, const Tensor&);
using WithNumber = Tensor (*)(const Tensor&, Scalar);
using Reflected = Tensor (*)(Scalar, const Tensor&);
using Write = const Tensor& (*)(const Tensor&, const Tensor&);
using WriteNumber = const Tensor& (*)(const Tensor&, Scalar);

template <const Called& Names, Tensors2 TT, WithNumber TS, Reflected ST>
PyObject* operate(PyObject* a, PyObject* b) {
  return binary(Names, a, b, TT, TS, ST);
}
template <const Called& Names, Write T, WriteNumber S>
PyObject* operate_inplace(PyObject* a, PyObject* b) {
  return inplace(Names, a, b, T, S);
}

PyObject* floor_divided(PyObject* a, PyObject* b) {
  return binary(kFloor, a, b, Tensors2(&floor_divide), WithNumber(&floor_divide), [](Scalar x, const Tensor& y) {
    return floor_divide(gradus::scalar_tensor(x, x.is_float() ? default_dtype() : x.dtype()), y);
  });
}
PyObject* power(PyObject* a, PyObject* b, PyObject* modulus) {
  if (modulus != Py_None) return not_implemented();
  return operate<kPower, &pow, &pow, &pow>(a, b);
}
PyObject* power_inplace(PyObject* a, PyObject* b, PyObject*) { return operate_inplace<kPower, &pow_, &pow_>(a, b); }

PyObject* matrix_multiply(PyObject* a, PyObject* b) {
  return guarded([&] {
    if (!plain_pair(a, b)) [[unlikely]]
      return override_operator(kMatmul, a, b);
    return is_tensor(a) && is_tensor(b) ? wrap(gradus::matmul(tensor_of(a), tensor_of(b))) : not_implemented();
  });
}

PyObject* negative(PyObject* a) {
  return guarded([&] {
    if (overridden(a)) [[unlikely]]
      return override_method("neg", {a});
    return wrap(gradus::neg(tensor_of(a)));
  });
}
PyObject* absolute(PyObject* a) {
  return guarded([&] {
    if (overridden(a)) [[unlikely]]
      return override_method("abs", {a});
    return wrap(gradus::abs(tensor_of(a)));
  });
}
PyObject* invert(PyObject* a) {
  return guarded([&] {
    if (overridden(a)) [[unlikely]]
      return override_method("__invert__", {a});
    check_as(ErrorKind::Type, !is_floating(tensor_of(a).dtype()),
             "~ (operator.invert) is only implemented on integer and Boolean-type tensors");
    return wrap(bitwise_not(tensor_of(a)));
  });
}
PyObject* positive(PyObject* a) {
  return guarded([&]() -> PyObject* {
    if (overridden(a)) [[unlikely]]
      return override_method("positive", {a});
    check(tensor_of(a).dtype() != DType::Bool, "The `+` operator, on a bool tensor is not supported.");
    Py_INCREF(a);
    return a;
  });
}

// ---- conversions

int truth(PyObject* a) {
  await_data(a);
  int value = 0;
  const int status = guarded_status([&] {
    if (overridden(a)) [[unlikely]] {
      Ref answer = own(override_method("__bool__", {a}));
      value = PyObject_IsTrue(answer.get());
      return ensure(value >= 0);
    }
    const Tensor& t = tensor_of(a);
    check(t.numel() != 0, "Boolean value of Tensor with no values is ambiguous");
    check(t.numel() == 1, "Boolean value of Tensor with more than one value is ambiguous");
    value = t.item().to_bool();
  });
  return status < 0 ? -1 : value;
}
Scalar single(PyObject* a) {
  check_as(ErrorKind::Value, tensor_of(a).numel() == 1, "only one element tensors can be converted to Python scalars");
  return tensor_of(a).item();
}
PyObject* to_integer(PyObject* a) {
  await_data(a);
  return guarded([&] {
    if (overridden(a)) [[unlikely]]
      return override_method("__int__", {a});
    const Scalar s = single(a);
    return s.is_float() ? PyLong_FromDouble(s.to_double()) : PyLong_FromLongLong(s.to_int());
  });
}
PyObject* as_float(PyObject* a) {
  await_data(a);
  return guarded([&] {
    if (overridden(a)) [[unlikely]]
      return override_method("__float__", {a});
    return PyFloat_FromDouble(single(a).to_double());
  });
}
PyObject* to_index(PyObject* a) {
  await_data(a);
  return guarded([&] {
    if (overridden(a)) [[unlikely]]
      return override_method("__index__", {a});
    const Tensor& t = tensor_of(a);
    check_as(ErrorKind::Type, t.numel() == 1 && !is_floating(t.dtype()),
             "only integer tensors of a single element can be converted to an index");
    return PyLong_FromLongLong(t.item().to_int());
  });
}

// ---- comparisons

struct Comparison {
  const char *name, *mirrored;
  Tensors2 tensors;
  WithNumber number;
};

}  // namespace

PyObject* tensor_richcompare(PyObject* a, PyObject* b, int op) {
  static constexpr Comparison kByOp[] = {{"lt", "gt", &lt, &lt}, {"le", "ge", &le, &le}, {"__eq__", "__eq__", &eq, &eq},
                                         {"ne", "ne", &ne, &ne}, {"gt", "lt", &gt, &gt}, {"ge", "le", &ge, &ge}};
  const Comparison& c = kByOp[op];  // Py_LT, Py_LE, …
  return guarded([&]() -> PyObject* {
    if (!plain_pair(a, b)) [[unlikely]]
      return override_operator({c.name, c.mirrored, nullptr}, a, b);
    if (is_tensor(b)) return wrap(c.tensors(tensor_of(a), tensor_of(b)));
    if (is_number(b)) return wrap(c.number(tensor_of(a), to_scalar(b)));
    return not_implemented();
  });
}

int number_slots(PyType_Slot* out) {
  using Binary = PyObject*(PyObject*, PyObject*);
  const PyType_Slot slots[] = {
      {Py_nb_add, slot(&add)},
      {Py_nb_subtract, slot(&subtract)},
      {Py_nb_multiply, slot(&multiply)},
      {Py_nb_true_divide, slot(&divide)},
      {Py_nb_floor_divide, slot(&floor_divided)},
      {Py_nb_remainder, slot<Binary>(&operate<kRemainder, &remainder, &remainder, &remainder>)},
      {Py_nb_power, slot(&power)},
      {Py_nb_matrix_multiply, slot(&matrix_multiply)},
      {Py_nb_and, slot<Binary>(&operate<kAnd, &bitwise_and, &bitwise_and, &bitwise_and>)},
      {Py_nb_or, slot<Binary>(&operate<kOr, &bitwise_or, &bitwise_or, &bitwise_or>)},
      {Py_nb_xor, slot<Binary>(&operate<kXor, &bitwise_xor, &bitwise_xor, &bitwise_xor>)},
      {Py_nb_lshift, slot<Binary>(&operate<kLeft, &bitwise_left_shift, &bitwise_left_shift, &bitwise_left_shift>)},
      {Py_nb_rshift, slot<Binary>(&operate<kRight, &bitwise_right_shift, &bitwise_right_shift, &bitwise_right_shift>)},
      {Py_nb_inplace_add, slot(&add_inplace)},
      {Py_nb_inplace_subtract, slot(&subtract_inplace)},
      {Py_nb_inplace_multiply, slot(&multiply_inplace)},
      {Py_nb_inplace_true_divide, slot(&divide_inplace)},
      {Py_nb_inplace_floor_divide, slot<Binary>(&operate_inplace<kFloor, &floor_divide_, &floor_divide_>)},
      {Py_nb_inplace_remainder, slot<Binary>(&operate_inplace<kRemainder, &remainder_, &remainder_>)},
      {Py_nb_inplace_power, slot(&power_inplace)},
      {Py_nb_inplace_and, slot<Binary>(&operate_inplace<kAnd, &bitwise_and_, &bitwise_and_>)},
      {Py_nb_inplace_or, slot<Binary>(&operate_inplace<kOr, &bitwise_or_, &bitwise_or_>)},
      {Py_nb_inplace_xor, slot<Binary>(&operate_inplace<kXor, &bitwise_xor_, &bitwise_xor_>)},
      {Py_nb_inplace_lshift, slot<Binary>(&operate_inplace<kLeft, &bitwise_left_shift_, &bitwise_left_shift_>)},
      {Py_nb_inplace_rshift, slot<Binary>(&operate_inplace<kRight, &bitwise_right_shift_, &bitwise_right_shift_>)},
      {Py_nb_negative, slot(&negative)},
      {Py_nb_positive, slot(&positive)},
      {Py_nb_absolute, slot(&absolute)},
      {Py_nb_invert, slot(&invert)},
      {Py_nb_bool, slot(&truth)},
      {Py_nb_int, slot(&to_integer)},
      {Py_nb_float, slot(&as_float)},
      {Py_nb_index, slot(&to_index)},
  };
  int n = 0;
  for (const PyType_Slot& s : slots) out[n++] = s;
  return n;
}

}  // namespace gradus::py
