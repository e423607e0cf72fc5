// Matches Python's arguments to the overloads of an operator, converts them and calls it.
#include <cstring>

#include "gradus/core/format.h"
#include "gradus/gen/functions.h"
#include "python/bindings/generator.h"
#include "python/bindings/signatures.h"
#include "python/bindings/storage.h"
#include "python/bindings/types.h"
#include "python/bindings/values.h"

namespace gradus::py {

namespace {

bool is_list(PyObject* o) { return PyTuple_Check(o) || PyList_Check(o); }

bool accepts_tensor_list(const Param& p, PyObject* o) {
  if (!is_list(o)) return false;
  const Py_ssize_t n = PySequence_Fast_GET_SIZE(o);
  for (Py_ssize_t i = 0; i < n; ++i) {
    PyObject* item = PySequence_Fast_GET_ITEM(o, i);
    if (is_tensor(item) || (p.kind == ArgKind::OptTensorList && item == Py_None) || overrides(item)) continue;
    fail(PyExc_TypeError, "expected Tensor as element %zd in argument %d, but got %s", i, p.slot < 0 ? 0 : p.slot,
         type_name(item).c_str());
  }
  return true;
}

bool accepts_numbers(PyObject* o, bool tensors) {
  if (!is_list(o)) return false;
  const Py_ssize_t n = PySequence_Fast_GET_SIZE(o);
  for (Py_ssize_t i = 0; i < n; ++i) {
    PyObject* item = PySequence_Fast_GET_ITEM(o, i);
    if (!is_number(item) && !(tensors && is_number_tensor(item, false))) return false;
  }
  return true;
}

bool accepts_dtype(PyObject* o) {
  return is_dtype(o) || o == reinterpret_cast<PyObject*>(&PyFloat_Type) ||
         o == reinterpret_cast<PyObject*>(&PyBool_Type) || o == reinterpret_cast<PyObject*>(&PyLong_Type);
}
DType to_dtype(PyObject* o) {
  if (is_dtype(o)) return dtype_of(o);
  if (o == reinterpret_cast<PyObject*>(&PyFloat_Type)) return DType::Float64;
  return o == reinterpret_cast<PyObject*>(&PyBool_Type) ? DType::Bool : DType::Int64;
}

bool match(const Overload& o, const Arguments& a, Matched& m) {
  if (a.n > o.max_positional && !o.varargs) return false;
  Py_ssize_t at = 0, left = a.n_keywords();
  for (size_t i = 0; i < o.params.size(); ++i) {
    const Param& p = o.params[i];
    PyObject* object = nullptr;
    const bool positional = at < a.n;
    if (positional) {
      if (p.keyword_only) return false;
      object = a.values[at];
    } else if (left) {
      object = keyword_argument(p, a);
    }
    m.objects[i] = nullptr;
    if (!object) {
      if (!p.optional) return false;
    } else if (object == Py_None && p.allow_none) {
    } else if (accepts(p, object)) {
      m.objects[i] = object;
      if (is_tensor(p.kind) && Py_TYPE(object) != tensor_type) m.overloaded.add_any(object);
    } else if (o.varargs && positional && at == 0 && starts_with_index(object, a.n)) {
      m.vararg_count = a.n;
      at = a.n;
      continue;
    } else {
      return false;
    }
    if (positional) ++at;
    else if (object) --left;
  }
  return left == 0 && at >= a.n;
}

void convert_ints(const Group& g, const Param& p, PyObject* const* items, Py_ssize_t n, Value& v, Scratch& s) {
  int64_t* list = s.allocate(static_cast<size_t>(n));
  for (Py_ssize_t i = 0; i < n; ++i) {
    if (!is_index(items[i]))
      fail(PyExc_TypeError,
           "%s(): argument '%U' failed to unpack the object at pos %zd with error \"type must be tuple of ints,but got "
           "%s\"",
           g.name.c_str(), p.name, i + 1, type_name(items[i]).c_str());
    list[i] = to_int(items[i]);
  }
  v.ints = list;
  v.size = n;
}

void convert_tensors(PyObject* o, Value& v, Scratch& s) {
  Tensors& list = s.lists.emplace_back();
  const Py_ssize_t n = PySequence_Fast_GET_SIZE(o);
  list.reserve(static_cast<size_t>(n));
  for (Py_ssize_t i = 0; i < n; ++i) {
    PyObject* item = PySequence_Fast_GET_ITEM(o, i);
    list.push_back(item == Py_None ? Tensor() : tensor_of(item));
  }
  v.tensor = list.data();
  v.size = n;
}

void convert_numbers(PyObject* o, bool scalars, Value& v, Scratch& s) {
  const Py_ssize_t n = PySequence_Fast_GET_SIZE(o);
  v.size = n;
  if (scalars) {
    auto& list = s.scalars.emplace_back();
    for (Py_ssize_t i = 0; i < n; ++i) list.push_back(to_scalar(PySequence_Fast_GET_ITEM(o, i)));
    v.scalars = list.data();
  } else {
    auto& list = s.reals.emplace_back();
    for (Py_ssize_t i = 0; i < n; ++i) list.push_back(to_double(PySequence_Fast_GET_ITEM(o, i)));
    v.reals = list.data();
  }
}

const Tensor* to_tensor(PyObject* o, Scratch& s) {
  if (is_tensor(o)) return &tensor_of(o);
  const Scalar number = to_scalar(o);
  s.made.push_back(gradus::scalar_tensor(number, number.is_float() ? default_dtype() : number.dtype()));
  return &s.made.back();
}

void convert(const Group& g, const Param& p, PyObject* o, Value& v, Scratch& s) {
  v.none = false;
  switch (p.kind) {
    case ArgKind::Tensor:
    case ArgKind::OptTensor: v.tensor = to_tensor(o, s); break;
    case ArgKind::TensorList:
    case ArgKind::OptTensorList: convert_tensors(o, v, s); break;
    case ArgKind::Scalar:
    case ArgKind::OptScalar: v.scalar = to_scalar(o); break;
    case ArgKind::Int:
    case ArgKind::OptInt: v.integer = to_int(o); break;
    case ArgKind::IntList:
    case ArgKind::OptIntList:
      if (is_list(o)) {
        convert_ints(g, p, PySequence_Fast_ITEMS(o), PySequence_Fast_GET_SIZE(o), v, s);
      } else {
        int64_t* list = s.allocate(static_cast<size_t>(p.length));
        for (int i = 0; i < p.length; ++i) list[i] = to_int(o);
        v.ints = list;
        v.size = p.length;
      }
      break;
    case ArgKind::ScalarList:
    case ArgKind::OptFloatList: convert_numbers(o, p.kind == ArgKind::ScalarList, v, s); break;
    case ArgKind::Bool:
    case ArgKind::OptBool: v.flag = to_bool(o); break;
    case ArgKind::Float:
    case ArgKind::OptFloat: v.real = to_double(o); break;
    case ArgKind::Str:
    case ArgKind::OptStr: {
      const std::string_view string = utf8(o);
      v.text = string.data();
      v.size = static_cast<int64_t>(string.size());
      break;
    }
    case ArgKind::DType:
    case ArgKind::OptDType: v.integer = static_cast<int64_t>(to_dtype(o)); break;
    case ArgKind::Device: v.integer = static_cast<int64_t>(device_of(o)); break;
    case ArgKind::Layout:
    case ArgKind::MemoryFormat: v.integer = reinterpret_cast<PyConstant*>(o)->value; break;
    case ArgKind::Generator: v.generator = generator_of(o); break;
    case ArgKind::Storage: v.storage = storage_of(o, s.self); break;
    case ArgKind::Object: break;
  }
}

// The tensors given by out= go before the arguments.
int convert_out(const Group& g, const Overload& o, PyObject* given, Value* first, Scratch& s) {
  const int n = o.entry->op->schema.n_returns;
  if (n == 1) {
    first[-1] = Value();
    first[-1].none = false;
    first[-1].tensor = &tensor_of(given);
    return 1;
  }
  Value list;
  convert_tensors(given, list, s);
  if (list.size != n)
    fail(PyExc_TypeError, "%s() expected tuple of %d elements but got %d", g.name.c_str(), n,
         static_cast<int>(list.size));
  for (int i = 0; i < n; ++i) {
    first[i - n] = Value();
    first[i - n].none = false;
    first[i - n].tensor = list.tensor + i;
  }
  return n;
}

PyObject* named_result(PyTypeObject* type, Results& r) {
  Ref tuple = own(PyStructSequence_New(type));
  for (int i = 0; i < r.n; ++i) PyStructSequence_SetItem(tuple.get(), i, wrap(static_cast<Tensor&&>(r.tensors[i])));
  return tuple.release();
}

void check_differentiable(DType dtype) {
  check(is_floating(dtype), "Only Tensors of floating point and complex dtype can require gradients");
}
// Before anything is drawn from a generator.
void check_differentiable(const Overload& o, const Value* values) {
  for (const Param& p : o.params)
    if (p.kind == ArgKind::OptDType && p.slot >= 0 && !values[p.slot].none)
      check_differentiable(static_cast<DType>(values[p.slot].integer));
}

PyObject* invoke(const Group& g, const Overload& o, PyObject* self, PyObject* const* args, const Matched& m) {
  static_assert(std::is_trivially_copyable_v<Value>);
  alignas(Value) unsigned char raw[sizeof(Value) * (kMaxOuts + Schema::kMax)];
  Value* values = reinterpret_cast<Value*>(raw) + kMaxOuts;
  std::memcpy(static_cast<void*>(values), o.defaults.data(), sizeof(Value) * o.defaults.size());
  if (o.self_slot >= 0) {
    values[o.self_slot].none = false;
    values[o.self_slot].tensor = &tensor_of(self);
  }
  Scratch scratch;
  scratch.self = self;
  int n_out = 0;
  bool requires_grad = false;
  for (size_t i = 0; i < o.params.size(); ++i) {
    const Param& p = o.params[i];
    if (i == 0 && m.vararg_count >= 0) {
      values[p.slot].none = false;
      convert_ints(g, p, args, m.vararg_count, values[p.slot], scratch);
      continue;
    }
    PyObject* object = m.objects[i];
    if (!object) continue;
    if (p.slot >= 0) convert(g, p, object, values[p.slot], scratch);
    else if (p.slot == kOutSlot) n_out = convert_out(g, o, object, values, scratch);
    else requires_grad = object == Py_True;
  }
  if (requires_grad) check_differentiable(o, values);
  Results results;
  if (o.inplace_view) return wrap(become_view(tensor_of(self), o.call, values));
  const Boxed& target = n_out ? o.out : o.call;
  target.call(target.fn, values - n_out, results);
  if (requires_grad) {
    check_differentiable(results.tensors[0].dtype());
    results.tensors[0].requires_grad_(true);
  }
  if (o.result_type && results.kind == Results::Kind::Tensors && results.n > 1)
    return named_result(o.result_type, results);
  // A list that was written is given back as the object it is.
  if (results.kind == Results::Kind::Nothing && o.entry->op->schema.args[0].kind == ArgKind::TensorList)
    return Py_NewRef(m.objects[0]);
  return to_python(results);
}

}  // namespace

bool accepts(const Param& p, PyObject* o) {
  switch (p.kind) {
    case ArgKind::Tensor:
    case ArgKind::OptTensor: return is_tensor(o) || (p.numbers && is_number(o)) || overrides(o);
    case ArgKind::TensorList:
    case ArgKind::OptTensorList: return accepts_tensor_list(p, o);
    case ArgKind::Scalar:
    case ArgKind::OptScalar:
    case ArgKind::Float:
    case ArgKind::OptFloat: return is_number(o) || is_number_tensor(o, false);
    case ArgKind::Int:
    case ArgKind::OptInt: return is_int(o) || is_number_tensor(o, true);
    case ArgKind::IntList:
    case ArgKind::OptIntList:
      return is_list(o) ? starts_with_index(o, 0) : p.length > 0 && (is_int(o) || is_number_tensor(o, true));
    case ArgKind::ScalarList:
    case ArgKind::OptFloatList: return accepts_numbers(o, p.kind == ArgKind::OptFloatList);
    case ArgKind::Bool:
    case ArgKind::OptBool: return PyBool_Check(o);
    case ArgKind::Str:
    case ArgKind::OptStr: return PyUnicode_Check(o);
    case ArgKind::DType:
    case ArgKind::OptDType: return accepts_dtype(o);
    case ArgKind::Device: return is_device_like(o);
    case ArgKind::Layout: return Py_TYPE(o) == layout_type;
    case ArgKind::MemoryFormat: return Py_TYPE(o) == memory_format_type;
    case ArgKind::Storage: return is_storage(o);
    case ArgKind::Object: return true;
    case ArgKind::Generator: break;
  }
  return is_generator(o);
}

bool starts_with_index(PyObject* o, Py_ssize_t n) {
  if (n) return !PyBool_Check(o) && is_index(o);
  return PySequence_Fast_GET_SIZE(o) == 0 || starts_with_index(PySequence_Fast_GET_ITEM(o, 0), 1);
}

PyObject* keyword_argument(const Param& p, const Arguments& a) {
  const Py_ssize_t n = a.n_keywords();
  for (Py_ssize_t k = 0; k < n; ++k) {
    PyObject* name = PyTuple_GET_ITEM(a.keywords, k);
    if (name == p.name) return a.values[a.n + k];
  }
  auto find = [&](PyObject* wanted) -> PyObject* {
    for (Py_ssize_t k = 0; k < n; ++k) {
      PyObject* name = PyTuple_GET_ITEM(a.keywords, k);
      if (name == wanted || (!PyUnicode_CHECK_INTERNED(name) && PyUnicode_Compare(name, wanted) == 0))
        return a.values[a.n + k];
    }
    return nullptr;
  };
  if (PyObject* found = find(p.name)) return found;
  for (PyObject* alias : p.aliases) {
    if (!alias) break;
    if (PyObject* found = find(alias)) return found;
  }
  return nullptr;
}

size_t match_group(const Group& group, const Arguments& arguments, Matched& matched) {
  for (size_t i = 0; i < group.overloads.size(); ++i) {
    matched.vararg_count = -1;
    matched.overloaded.n = 0;
    if (match(group.overloads[i], arguments, matched)) return i;
  }
  raise_no_match(group, arguments);
}

PyObject* call_group(const Group& group, PyObject* callable, PyObject* self, PyObject* const* args, Py_ssize_t n,
                     PyObject* keywords) {
  const Arguments arguments{args, n, keywords};
  Matched matched;
  for (const Overload& o : group.overloads) {
    matched.vararg_count = -1;
    matched.overloaded.n = 0;
    if (self) matched.overloaded.add(self);
    if (!match(o, arguments, matched)) continue;
    if (matched.overloaded.active()) [[unlikely]]
      return call_override(callable, matched.overloaded, self, args, n, keywords);
    return invoke(group, o, self, args, matched);
  }
  raise_no_match(group, arguments);
}

}  // namespace gradus::py
