// Values from a file as Python objects.
#include "gradus/io/file.h"
#include "gradus/io/object_node.h"
#include "gradus/io/unpickle.h"
#include "python/bindings/file_values.h"
#include "python/bindings/storage.h"
#include "python/bindings/tensor_type.h"
#include "python/bindings/types.h"

namespace gradus::py {

using Kind = Object::Kind;

using Node = detail::ObjectNode;

namespace {

struct Recursion {
  Recursion() { ensure(Py_EnterRecursiveCall(" while loading an object") == 0); }
  ~Recursion() { Py_LeaveRecursiveCall(); }
};

Ref bytes_of(const std::string& text) {
  return own(PyBytes_FromStringAndSize(text.data(), static_cast<Py_ssize_t>(text.size())));
}

Ref call(PyObject* callee, std::initializer_list<PyObject*> args) {
  return own(PyObject_Vectorcall(callee, args.begin(), args.size(), nullptr));
}

Ref big_integer(const std::string& digits) {
  static PyObject* type = imported("builtins", "int");
  Ref from_bytes = own(PyObject_GetAttrString(type, "from_bytes"));
  Ref bytes = bytes_of(digits);
  Ref args = own(Py_BuildValue("(Os)", bytes.get(), "little")),
      keywords = own(Py_BuildValue("{s:O}", "signed", Py_True));
  return own(PyObject_Call(from_bytes.get(), args.get(), keywords.get()));
}

}  // namespace

void ToPython::remember(const Object& v, const Ref& object) { memo_[v.node()] = Ref::borrow(object.get()); }

Ref ToPython::convert(const Object& v) {
  if (!v.owns()) return scalar(v);
  if (auto found = memo_.find(v.node()); found != memo_.end()) return Ref::borrow(found->second.get());
  Recursion guard;
  Ref object = fresh(v);
  remember(v, object);
  return object;
}

Ref ToPython::scalar(const Object& v) {
  switch (v.kind()) {
    case Kind::Bool: return own(boolean(v.raw_int()));
    case Kind::Int: return own(PyLong_FromLongLong(v.raw_int()));
    case Kind::Float: return own(PyFloat_FromDouble(v.raw_float()));
    default: return Ref(none());
  }
}

Ref ToPython::fresh(const Object& v) {
  const Node& n = *v.node();
  switch (v.kind()) {
    case Kind::String:
      return own(PyUnicode_DecodeUTF8(n.text.data(), static_cast<Py_ssize_t>(n.text.size()), "surrogatepass"));
    case Kind::Bytes: return bytes_of(n.text);
    case Kind::ByteArray:
      return own(PyByteArray_FromStringAndSize(n.text.data(), static_cast<Py_ssize_t>(n.text.size())));
    case Kind::BigInt: return big_integer(n.text);
    case Kind::Complex: return own(PyComplex_FromDoubles(n.real, n.imag));
    case Kind::Tuple:
    case Kind::Size: return tuple(v);
    case Kind::List: {
      Ref list = own(PyList_New(0));
      remember(v, list);
      for (const Object& item : n.items) ensure(PyList_Append(list.get(), convert(item).get()) == 0);
      return list;
    }
    case Kind::Set:
    case Kind::FrozenSet: return set(v);
    case Kind::Dict:
    case Kind::OrderedDict:
    case Kind::Counter: return dict(v);
    case Kind::DType: return own(wrap(static_cast<DType>(n.id)));
    case Kind::Device: {
      Ref name = own(text(n.text));
      if (n.items.empty()) return call(reinterpret_cast<PyObject*>(device_type), {name.get()});
      return call(reinterpret_cast<PyObject*>(device_type), {name.get(), convert(n.items[0]).get()});
    }
    case Kind::Layout: return own(strided_layout());
    case Kind::Tensor: return tensor(v);
    case Kind::Global: return global(v);
    case Kind::Instance: return object(v);
    default: break;
  }
  static PyObject* typed = file_class("gradus.storage", "_typed_storage");
  Ref bytes = own(wrap_storage(n.tensor.impl()->view->storage)), dtype = own(wrap(n.tensor.dtype()));
  return call(typed, {bytes.get(), dtype.get()});
}

Ref ToPython::tuple(const Object& v) {
  const auto n = static_cast<Py_ssize_t>(v.node()->items.size());
  Ref items = own(PyTuple_New(n));
  for (Py_ssize_t i = 0; i < n; ++i)
    PyTuple_SET_ITEM(items.get(), i, convert(v.node()->items[static_cast<size_t>(i)]).release());
  if (auto found = memo_.find(v.node()); found != memo_.end()) return Ref::borrow(found->second.get());
  return v.kind() == Kind::Tuple ? Ref(items.release()) : call(reinterpret_cast<PyObject*>(size_type), {items.get()});
}

Ref ToPython::set(const Object& v) {
  Ref items = own(PySet_New(nullptr));
  if (v.kind() == Kind::Set) remember(v, items);
  for (const Object& item : v.node()->items) ensure(PySet_Add(items.get(), convert(item).get()) == 0);
  return v.kind() == Kind::Set ? Ref(items.release()) : own(PyFrozenSet_New(items.get()));
}

Ref ToPython::dict(const Object& v) {
  static PyObject* ordered = file_class("collections", "OrderedDict");
  static PyObject* counter = file_class("collections", "Counter");
  const Node& n = *v.node();
  Ref result = v.kind() == Kind::Dict ? own(PyDict_New())
                                      : own(PyObject_CallNoArgs(v.kind() == Kind::Counter ? counter : ordered));
  remember(v, result);
  for (size_t i = 0; i + 1 < n.items.size(); i += 2) {
    Ref key = convert(n.items[i]), value = convert(n.items[i + 1]);
    ensure(PyObject_SetItem(result.get(), key.get(), value.get()) == 0);
  }
  if (!n.attributes.is_none()) {
    Ref attributes = own(PyObject_GetAttrString(result.get(), "__dict__"));
    ensure(PyDict_Update(attributes.get(), convert(n.attributes).get()) == 0);
  }
  return result;
}

Ref ToPython::tensor(const Object& v) {
  static PyObject* parameter = file_class("gradus.nn.parameter", "Parameter");
  static PyObject* build = file_class("gradus.serialization", "_build");
  const Node& n = *v.node();
  Ref type = Ref::borrow(n.id ? parameter : reinterpret_cast<PyObject*>(tensor_type));
  if (!n.type.is_none()) {
    type = global(n.type);
    if (!PyType_Check(type.get()) || !PyType_IsSubtype(reinterpret_cast<PyTypeObject*>(type.get()), tensor_type))
      io::refuse_pickle("a tensor is to become an object of " + n.type.node()->text + ", which is no kind of tensor");
  }
  Ref result = own(wrap_as(reinterpret_cast<PyTypeObject*>(type.get()), n.tensor));
  remember(v, result);
  if (!n.attributes.is_none()) call(build, {result.get(), convert(n.attributes).get()});
  return result;
}

Ref ToPython::global(const Object& v) {
  static PyObject* known = file_class("gradus.serialization", "_known_class");
  Ref name = own(text(v.node()->text));
  if (v.node()->id >= 0) return call(known, {name.get()});
  PyObject* found = PyDict_GetItemWithError(classes_, name.get());
  if (!found) fail(PyExc_KeyError, "%s", v.node()->text.c_str());
  return Ref::borrow(found);
}

Ref ToPython::object(const Object& v) {
  static PyObject* build = file_class("gradus.serialization", "_build");
  const Node& n = *v.node();
  Ref callee = global(n.items[Node::kCallee]), args = convert(n.items[Node::kArgs]);
  Ref result;
  if (n.new_object) {
    Ref create = own(PyObject_GetAttrString(callee.get(), "__new__"));
    Ref class_alone = own(PyTuple_Pack(1, callee.get())), all = own(PySequence_Concat(class_alone.get(), args.get()));
    result = own(PyObject_Call(create.get(), all.get(), nullptr));
  } else {
    result = own(PyObject_Call(callee.get(), args.get(), nullptr));
  }
  if (auto found = memo_.find(v.node()); found != memo_.end()) return Ref::borrow(found->second.get());
  remember(v, result);
  for (size_t i = Node::kStates; i < n.items.size(); ++i) call(build, {result.get(), convert(n.items[i]).get()});
  return result;
}

}  // namespace gradus::py
