// Python objects as values, on their way into a file.
#include "gradus/core/impl.h"
#include "gradus/io/object_node.h"
#include "python/bindings/file_values.h"
#include "python/bindings/storage.h"
#include "python/bindings/tensor_type.h"
#include "python/bindings/types.h"

namespace gradus::py {

using Kind = Object::Kind;

using detail::make_object;

namespace {

struct Recursion {
  Recursion() { ensure(Py_EnterRecursiveCall(" while saving an object") == 0); }
  ~Recursion() { Py_LeaveRecursiveCall(); }
};

std::string utf8_of(PyObject* unicode) {
  Ref bytes = own(PyUnicode_AsEncodedString(unicode, "utf-8", "surrogatepass"));
  return {PyBytes_AS_STRING(bytes.get()), static_cast<size_t>(PyBytes_GET_SIZE(bytes.get()))};
}

Object integer(PyObject* o) {
  int overflow = 0;
  const long long value = PyLong_AsLongLongAndOverflow(o, &overflow);
  if (!overflow) return value;
  // A negative number takes a bit less than its size: -128 is one byte.
  Ref inverted = own(overflow < 0 ? PyNumber_Invert(o) : Ref::borrow(o).release());
  Ref bits = own(PyObject_CallMethod(inverted.get(), "bit_length", nullptr));
  const Py_ssize_t n = PyLong_AsSsize_t(bits.get()) / 8 + 1;
  static PyObject* to_bytes = imported("builtins", "int");
  Ref method = own(PyObject_GetAttrString(to_bytes, "to_bytes"));
  Ref args = own(Py_BuildValue("(Ons)", o, n, "little")), keywords = own(Py_BuildValue("{s:O}", "signed", Py_True));
  Ref bytes = own(PyObject_Call(method.get(), args.get(), keywords.get()));
  return make_object(Kind::BigInt, std::string(PyBytes_AS_STRING(bytes.get()), static_cast<size_t>(n)));
}

}  // namespace

PyObject* file_class(const char* module, const char* name) { return imported(module, name); }

Object FromPython::remember(PyObject* o, Object v) {
  if (memo_.emplace(o, v).second) alive_.push_back(Ref::borrow(o));
  return v;
}

Object FromPython::convert(PyObject* o) {
  if (o == Py_None) return {};
  if (o == Py_True || o == Py_False) return o == Py_True;
  if (PyLong_CheckExact(o)) return integer(o);
  if (PyFloat_CheckExact(o)) return PyFloat_AS_DOUBLE(o);
  if (auto found = memo_.find(o); found != memo_.end()) return found->second;
  Recursion guard;
  return remember(o, fresh(o));
}

Object FromPython::fresh(PyObject* o) {
  static PyObject* ordered = file_class("collections", "OrderedDict");
  static PyObject* counter = file_class("collections", "Counter");
  auto* type = reinterpret_cast<PyObject*>(Py_TYPE(o));
  if (PyUnicode_CheckExact(o)) return utf8_of(o);
  if (PyBytes_CheckExact(o))
    return make_object(Kind::Bytes, std::string(PyBytes_AS_STRING(o), static_cast<size_t>(PyBytes_GET_SIZE(o))));
  if (PyByteArray_CheckExact(o))
    return make_object(Kind::ByteArray,
                       std::string(PyByteArray_AS_STRING(o), static_cast<size_t>(PyByteArray_GET_SIZE(o))));
  if (PyComplex_CheckExact(o)) {
    Object v = make_object(Kind::Complex);
    v.node()->real = PyComplex_RealAsDouble(o), v.node()->imag = PyComplex_ImagAsDouble(o);
    return v;
  }
  if (PyTuple_CheckExact(o)) return container(o, Kind::Tuple);
  if (PyList_CheckExact(o)) return container(o, Kind::List);
  if (PyAnySet_CheckExact(o)) return container(o, PySet_CheckExact(o) ? Kind::Set : Kind::FrozenSet);
  if (Py_TYPE(o) == size_type) return container(o, Kind::Size);
  if (PyDict_CheckExact(o)) return mapping(o, Kind::Dict);
  if (type == ordered) return mapping(o, Kind::OrderedDict);
  if (type == counter) return mapping(o, Kind::Counter);
  if (is_tensor(o)) return tensor(o);
  if (is_storage(o)) return storage(o);
  if (is_dtype(o)) return dtype_of(o);
  if (Py_TYPE(o) == layout_type) return make_object(Kind::Layout);
  if (Py_TYPE(o) == device_type) {
    Ref name = own(PyObject_GetAttrString(o, "type")), index = own(PyObject_GetAttrString(o, "index"));
    Object v = make_object(Kind::Device, std::string(utf8(name.get())));
    if (index.get() != Py_None) v.node()->items.push_back(convert(index.get()));
    return v;
  }
  // The types of None and its kin have no name that could be looked up.
  const auto* as_type = reinterpret_cast<PyTypeObject*>(o);
  const bool nameless =
      as_type == Py_TYPE(Py_None) || as_type == Py_TYPE(Py_Ellipsis) || as_type == Py_TYPE(Py_NotImplemented);
  if ((PyType_Check(o) && !nameless) || PyFunction_Check(o)) return global(o);
  return object(o);
}

// Lists are remembered before their items are seen: they may hold themselves.
Object FromPython::container(PyObject* o, Kind kind) {
  Object v = make_object(kind);
  if (kind == Kind::List) remember(o, v);
  Ref items = own(PySequence_Tuple(o));
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(items.get()); ++i) {
    PyObject* item = PyTuple_GET_ITEM(items.get(), i);
    Object converted = convert(item);
    v.node()->items.push_back(static_cast<Object&&>(converted));
  }
  // A tuple that comes around through a list was converted on the way.
  auto found = memo_.find(o);
  return found == memo_.end() ? v : found->second;
}

Object FromPython::mapping(PyObject* o, Kind kind) {
  Object v = remember(o, make_object(kind));
  Ref items = own(PyMapping_Items(o));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(items.get()); ++i) {
    PyObject* pair = PyList_GET_ITEM(items.get(), i);
    Object key = convert(PyTuple_GET_ITEM(pair, 0)), value = convert(PyTuple_GET_ITEM(pair, 1));
    v.node()->items.push_back(static_cast<Object&&>(key));
    v.node()->items.push_back(static_cast<Object&&>(value));
  }
  if (kind == Kind::OrderedDict) {
    Ref attributes = own(PyObject_GetAttrString(o, "__dict__"));
    if (PyDict_GET_SIZE(attributes.get())) v.node()->attributes = convert(attributes.get());
  }
  return v;
}

Object FromPython::tensor(PyObject* o) {
  static PyObject* parameter = file_class("gradus.nn.parameter", "Parameter");
  static PyObject* reduces = file_class("gradus.serialization", "_reduces_itself");
  const bool is_parameter = reinterpret_cast<PyObject*>(Py_TYPE(o)) == parameter;
  if (!is_parameter && Py_TYPE(o) != tensor_type) {
    Ref own_way = own(PyObject_CallOneArg(reduces, o));
    if (own_way.get() == Py_True) return object(o);
  }
  Object v(tensor_of(o));
  v.node()->id = is_parameter;
  remember(o, v);
  if (!is_parameter && Py_TYPE(o) != tensor_type) v.node()->type = convert(reinterpret_cast<PyObject*>(Py_TYPE(o)));
  PyObject* attributes = reinterpret_cast<PyTensor*>(o)->dict;
  if (attributes && PyDict_GET_SIZE(attributes)) v.node()->attributes = mapping(attributes, Kind::Dict);
  return v;
}

Object FromPython::storage(PyObject* o) {
  Storage* s = storage_of(o, nullptr);
  Ref dtype(PyObject_GetAttrString(o, "dtype"));
  if (!dtype) PyErr_Clear();
  const DType type = dtype ? dtype_of(dtype.get()) : DType::UInt8;
  ref_inc(s->refs);
  Object v = detail::flat_storage(Tensor(new_tensor(new_view(s, type, s->bytes / item_size(type), {}, 0))));
  v.node()->id = !dtype;
  return v;
}

Object FromPython::global(PyObject* o) {
  static PyObject* name_of = file_class("gradus.serialization", "_global_name");
  Ref name = own(PyObject_CallOneArg(name_of, o));
  return make_object(Kind::Global, std::string(utf8(name.get())));
}

/// (callee, arguments, new object?, list items or None, pairs or None, state or nothing)
Object FromPython::object(PyObject* o) {
  static PyObject* reduce = file_class("gradus.serialization", "_reduce");
  Ref parts = own(PyObject_CallOneArg(reduce, o));
  if (PyUnicode_Check(parts.get())) return make_object(Kind::Global, std::string(utf8(parts.get())));
  alive_.push_back(Ref::borrow(parts.get()));
  const auto part = [&](Py_ssize_t i) { return PyTuple_GET_ITEM(parts.get(), i); };
  Object v = make_object(Kind::Instance, std::vector<Object>{convert(part(0)), convert(part(1)), {}, {}});
  if (auto found = memo_.find(o); found != memo_.end()) return found->second;  // its arguments led back to it
  v.node()->new_object = part(2) == Py_True;
  remember(o, v);
  using Node = detail::ObjectNode;
  if (part(3) != Py_None) {
    Object items = container(part(3), Kind::List);
    v.node()->items[Node::kListItems] = items;
  }
  if (part(4) != Py_None) {
    Object pairs = mapping(part(4), Kind::Dict);
    v.node()->items[Node::kDictItems] = pairs;
  }
  if (PyTuple_GET_SIZE(parts.get()) > 5) {
    Object state = convert(part(5));
    v.node()->items.push_back(state);
  }
  return v;
}

}  // namespace gradus::py
