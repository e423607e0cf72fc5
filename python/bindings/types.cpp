// dtype, layout and memory_format constants, device, Size.
#include "python/bindings/types.h"

#include <cstring>
#include <iterator>

#include "gradus/core/error.h"
#include "gradus/core/format.h"

namespace gradus::py {

PyTypeObject *dtype_type, *layout_type, *memory_format_type, *device_type, *size_type;

namespace {

PyObject* dtypes[kNumDTypes];
PyObject* cpu = nullptr;
PyObject* strided = nullptr;

// ---- constants

PyObject* constant_repr(PyObject* self) {
  return PyUnicode_FromFormat("torch.%s", reinterpret_cast<PyConstant*>(self)->name);
}
PyObject* constant_reduce(PyObject* self, PyObject*) {
  return PyUnicode_FromString(reinterpret_cast<PyConstant*>(self)->name);
}
PyObject* same_object(PyObject* self, PyObject*) {
  Py_INCREF(self);
  return self;
}
PyMethodDef constant_methods[] = {{"__reduce__", &constant_reduce, METH_NOARGS, nullptr},
                                  {"__copy__", &same_object, METH_NOARGS, nullptr},
                                  {"__deepcopy__", &same_object, METH_O, nullptr},
                                  {}};

PyObject* dtype_is_floating_point(PyObject* self, void*) { return boolean(is_floating(dtype_of(self))); }
PyObject* dtype_is_complex(PyObject*, void*) { Py_RETURN_FALSE; }
PyObject* dtype_is_signed(PyObject* self, void*) {
  return boolean(dtype_of(self) != DType::Bool && dtype_of(self) != DType::UInt8);
}
PyObject* dtype_itemsize(PyObject* self, void*) { return PyLong_FromLongLong(item_size(dtype_of(self))); }
PyGetSetDef dtype_attributes[] = {{"is_floating_point", &dtype_is_floating_point, nullptr, nullptr, nullptr},
                                  {"is_complex", &dtype_is_complex, nullptr, nullptr, nullptr},
                                  {"is_signed", &dtype_is_signed, nullptr, nullptr, nullptr},
                                  {"itemsize", &dtype_itemsize, nullptr, nullptr, nullptr},
                                  {}};
PyGetSetDef no_attributes[] = {{}};

PyTypeObject* make_constant_type(const char* name, PyGetSetDef* attributes) {
  PyType_Slot slots[] = {
      {Py_tp_repr, slot(&constant_repr)}, {Py_tp_methods, constant_methods}, {Py_tp_getset, attributes}, {0, nullptr}};
  PyType_Spec spec{name, sizeof(PyConstant), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
  return make_type(spec);
}
PyObject* make_constant(PyTypeObject* type, int value, const char* name) {
  auto* c = PyObject_New(PyConstant, type);
  ensure(c);
  c->value = value;
  c->name = name;
  return reinterpret_cast<PyObject*>(c);
}
void add_alias(PyObject* module, const char* name, PyObject* object) {
  Py_INCREF(object);
  add_object(module, name, object);
}

void add_dtypes(PyObject* module) {
  dtype_type = make_constant_type("gradus.dtype", dtype_attributes);
  static const char* const names[] = {"bool",  "uint8",   "int8",     "int16",   "int32",
                                      "int64", "float16", "bfloat16", "float32", "float64"};
  static const char* const aliases[] = {nullptr, nullptr, nullptr, "short", "int",
                                        "long",  "half",  nullptr, "float", "double"};
  for (int i = 0; i < kNumDTypes; ++i) {
    dtypes[i] = make_constant(dtype_type, i, names[i]);
    add_alias(module, names[i], dtypes[i]);
    if (aliases[i]) add_alias(module, aliases[i], dtypes[i]);
  }
  add_alias(module, "dtype", reinterpret_cast<PyObject*>(dtype_type));
}

void add_layouts(PyObject* module) {
  layout_type = make_constant_type("gradus.layout", no_attributes);
  strided = make_constant(layout_type, 0, "strided");
  add_alias(module, "strided", strided);
  add_alias(module, "layout", reinterpret_cast<PyObject*>(layout_type));
  memory_format_type = make_constant_type("gradus.memory_format", no_attributes);
  static const char* const formats[] = {"contiguous_format", "preserve_format", "channels_last", "channels_last_3d"};
  for (int i = 0; i < 4; ++i) add_object(module, formats[i], make_constant(memory_format_type, i, formats[i]));
  add_alias(module, "memory_format", reinterpret_cast<PyObject*>(memory_format_type));
}

// ---- device

constexpr const char* kDevices[] = {"cpu",    "cuda", "ipu",  "xpu",  "mkldnn", "opengl",       "opencl",
                                    "ideep",  "hip",  "ve",   "fpga", "maia",   "xla",          "lazy",
                                    "vulkan", "mps",  "meta", "hpu",  "mtia",   "privateuseone"};

[[noreturn]] void no_accelerator() {
  fail(PyExc_RuntimeError, "Cannot access accelerator device when none is available.");
}

int device_index_of(const char* digits, PyObject* whole) {
  char* end = nullptr;
  const long index = std::strtol(digits, &end, 10);
  if (!*digits || *end || (digits[0] == '0' && digits[1]) || index < 0)
    fail(PyExc_RuntimeError, "Invalid device string: '%U'", whole);
  return static_cast<int>(index);
}

void parse_device(PyObject* string, int& type, int& index) {
  const std::string_view s = utf8(string);
  const std::string_view name = s.substr(0, s.find(':'));
  for (type = 0; type < static_cast<int>(std::size(kDevices)); ++type)
    if (name == kDevices[type]) break;
  if (type == static_cast<int>(std::size(kDevices)))
    fail(PyExc_RuntimeError,
         "Expected one of cpu, cuda, ipu, xpu, mkldnn, opengl, opencl, ideep, hip, ve, fpga, maia, xla, lazy, vulkan, "
         "mps, meta, hpu, mtia, privateuseone device type at start of device string: %U",
         string);
  index = name.size() < s.size() ? device_index_of(s.data() + name.size() + 1, string) : -1;
}

PyObject* make_device(int type, int index) {
  auto* d = PyObject_New(PyDevice, device_type);
  ensure(d);
  d->type = type;
  d->index = index;
  return reinterpret_cast<PyObject*>(d);
}

PyObject* device_new(PyTypeObject*, PyObject* args, PyObject* kwargs) {
  return guarded([&]() -> PyObject* {
    static const char* names[] = {"type", "index", nullptr};
    PyObject *type = nullptr, *index = Py_None;
    ensure(PyArg_ParseTupleAndKeywords(args, kwargs, "|OO:device", const_cast<char**>(names), &type, &index));
    if (!type) {
      if (index == Py_None)
        fail(PyExc_TypeError,
             "device() received an invalid combination of arguments - got (), but expected one of:\n * (torch.device "
             "device)\n * (str type, int index = -1)\n");
      no_accelerator();
    }
    if (Py_TYPE(type) == device_type && index == Py_None) {
      Py_INCREF(type);
      return type;
    }
    if (PyLong_Check(type) && !PyBool_Check(type)) no_accelerator();
    if (!PyUnicode_Check(type))
      fail(PyExc_TypeError,
           "device() received an invalid combination of arguments - got (%s), but expected one of:\n * (torch.device "
           "device)\n      didn't match because some of the arguments have invalid types: (!%s!)\n * (str type, int "
           "index = -1)\n",
           type_name(type).c_str(), type_name(type).c_str());
    int t = 0, i = -1;
    parse_device(type, t, i);
    if (index != Py_None) {
      if (i >= 0)
        fail(PyExc_RuntimeError, "type (string) must not include an index because index was passed explicitly: %U",
             type);
      i = static_cast<int>(PyLong_AsLong(index));
      ensure(!PyErr_Occurred());
      if (i < 0) fail(PyExc_RuntimeError, "Device index must not be negative");
    }
    return make_device(t, i);
  });
}

PyObject* device_repr(PyObject* self) {
  auto* d = reinterpret_cast<PyDevice*>(self);
  return d->index < 0 ? PyUnicode_FromFormat("device(type='%s')", kDevices[d->type])
                      : PyUnicode_FromFormat("device(type='%s', index=%d)", kDevices[d->type], d->index);
}
PyObject* device_str(PyObject* self) {
  auto* d = reinterpret_cast<PyDevice*>(self);
  return d->index < 0 ? PyUnicode_FromString(kDevices[d->type])
                      : PyUnicode_FromFormat("%s:%d", kDevices[d->type], d->index);
}
PyObject* device_compare(PyObject* a, PyObject* b, int op) {
  if (Py_TYPE(b) != device_type || (op != Py_EQ && op != Py_NE)) Py_RETURN_NOTIMPLEMENTED;
  auto *x = reinterpret_cast<PyDevice*>(a), *y = reinterpret_cast<PyDevice*>(b);
  return boolean((x->type == y->type && x->index == y->index) == (op == Py_EQ));
}
Py_hash_t device_hash(PyObject* self) {
  auto* d = reinterpret_cast<PyDevice*>(self);
  return d->type * 131 + d->index + 2;
}
PyObject* device_get_type(PyObject* self, void*) {
  return PyUnicode_FromString(kDevices[reinterpret_cast<PyDevice*>(self)->type]);
}
PyObject* device_get_index(PyObject* self, void*) {
  auto* d = reinterpret_cast<PyDevice*>(self);
  return d->index < 0 ? none() : PyLong_FromLong(d->index);
}
PyObject* device_reduce(PyObject* self, PyObject*) {
  Ref string(device_str(self));
  return string ? Py_BuildValue("O(O)", Py_TYPE(self), string.get()) : nullptr;
}
PyObject* device_exit(PyObject*, PyObject* const*, Py_ssize_t) { Py_RETURN_NONE; }

void add_device(PyObject* module) {
  static PyGetSetDef attributes[] = {{"type", &device_get_type, nullptr, nullptr, nullptr},
                                     {"index", &device_get_index, nullptr, nullptr, nullptr},
                                     {}};
  static PyMethodDef methods[] = {{"__reduce__", &device_reduce, METH_NOARGS, nullptr},
                                  {"__enter__", &same_object, METH_NOARGS, nullptr},
                                  {"__exit__", as_method(&device_exit), METH_FASTCALL, nullptr},
                                  {}};
  PyType_Slot slots[] = {{Py_tp_new, slot(&device_new)},   {Py_tp_repr, slot(&device_repr)},
                         {Py_tp_str, slot(&device_str)},   {Py_tp_richcompare, slot(&device_compare)},
                         {Py_tp_hash, slot(&device_hash)}, {Py_tp_getset, attributes},
                         {Py_tp_methods, methods},         {0, nullptr}};
  PyType_Spec spec{"gradus.device", sizeof(PyDevice), 0, Py_TPFLAGS_DEFAULT, slots};
  device_type = make_type(spec);
  cpu = make_device(0, -1);
  add_object(module, "device", reinterpret_cast<PyObject*>(device_type));
}

// ---- Size

PyObject* to_size(PyObject* tuple) {  // steals
  if (!tuple || !PyTuple_Check(tuple)) return tuple;
  Ref old(tuple);
  const Py_ssize_t n = PyTuple_GET_SIZE(tuple);
  PyObject* size = size_type->tp_alloc(size_type, n);
  for (Py_ssize_t i = 0; size && i < n; ++i) {
    Py_INCREF(PyTuple_GET_ITEM(tuple, i));
    PyTuple_SET_ITEM(size, i, PyTuple_GET_ITEM(tuple, i));
  }
  return size;
}

PyObject* size_new(PyTypeObject* type, PyObject* args, PyObject* kwargs) {
  return guarded([&]() -> PyObject* {
    Ref self = own(PyTuple_Type.tp_new(type, args, kwargs));
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(self.get()); ++i) {
      PyObject* item = PyTuple_GET_ITEM(self.get(), i);
      if (PyLong_Check(item)) continue;
      Ref index(PyNumber_Index(item));
      if (!index) {
        PyErr_Clear();
        fail(PyExc_TypeError, "torch.Size() takes an iterable of 'int' (item %zd is '%s')", i, type_name(item).c_str());
      }
      PyTuple_SET_ITEM(self.get(), i, index.release());
      Py_DECREF(item);
    }
    return self.release();
  });
}
PyObject* size_repr(PyObject* self) {
  Ref list(PySequence_List(self));
  return list ? PyUnicode_FromFormat("torch.Size(%R)", list.get()) : nullptr;
}
PyObject* size_numel(PyObject* self, PyObject*) {
  long long n = 1;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(self); ++i) n *= PyLong_AsLongLong(PyTuple_GET_ITEM(self, i));
  return PyErr_Occurred() ? nullptr : PyLong_FromLongLong(n);
}
PyObject* size_concat(PyObject* a, PyObject* b) {
  if (!PyTuple_Check(a) || !PyTuple_Check(b))
    return PyErr_Format(PyExc_TypeError, "can only concatenate tuple (not \"%s\") to torch.Size",
                        type_name(PyTuple_Check(a) ? b : a).c_str());
  return to_size(PyTuple_Type.tp_as_sequence->sq_concat(a, b));
}
PyObject* size_add(PyObject* a, PyObject* b) {
  if (!PyTuple_Check(a) || !PyTuple_Check(b)) Py_RETURN_NOTIMPLEMENTED;
  return size_concat(a, b);
}
PyObject* size_repeat(PyObject* self, Py_ssize_t n) { return to_size(PyTuple_Type.tp_as_sequence->sq_repeat(self, n)); }
PyObject* size_subscript(PyObject* self, PyObject* index) {
  return to_size(PyTuple_Type.tp_as_mapping->mp_subscript(self, index));
}
PyObject* size_reduce(PyObject* self, PyObject*) {
  Ref list(PySequence_List(self));
  Ref content(list ? PyList_AsTuple(list.get()) : nullptr);
  return content ? Py_BuildValue("O(O)", Py_TYPE(self), content.get()) : nullptr;
}

void add_size(PyObject* module) {
  static PyMethodDef methods[] = {{"numel", &size_numel, METH_NOARGS, "Product of the sizes."},
                                  {"__reduce__", &size_reduce, METH_NOARGS, nullptr},
                                  {}};
  PyType_Slot slots[] = {{Py_tp_new, slot(&size_new)},
                         {Py_tp_repr, slot(&size_repr)},
                         {Py_tp_methods, methods},
                         {Py_nb_add, slot(&size_add)},
                         {Py_sq_concat, slot(&size_concat)},
                         {Py_sq_repeat, slot(&size_repeat)},
                         {Py_mp_subscript, slot(&size_subscript)},
                         {0, nullptr}};
  PyType_Spec spec{"gradus.Size", 0, 0, Py_TPFLAGS_DEFAULT, slots};
  size_type = make_type(spec, &PyTuple_Type);
  add_object(module, "Size", reinterpret_cast<PyObject*>(size_type));
}

PyObject* fill(PyObject* tuple, const IntList& list) {
  ensure(tuple);
  for (int64_t i = 0; i < list.size(); ++i) PyTuple_SET_ITEM(tuple, i, PyLong_FromLongLong(list[i]));
  return tuple;
}

}  // namespace

PyObject* wrap(DType dtype) {
  PyObject* object = dtypes[static_cast<int>(dtype)];
  Py_INCREF(object);
  return object;
}
PyObject* wrap_size(const IntList& sizes) { return fill(size_type->tp_alloc(size_type, sizes.size()), sizes); }
PyObject* wrap_strides(const IntList& strides) { return fill(PyTuple_New(strides.size()), strides); }
PyObject* cpu_device() {
  Py_INCREF(cpu);
  return cpu;
}
PyObject* strided_layout() {
  Py_INCREF(strided);
  return strided;
}

Device device_of(PyObject* o) {
  int type = 1, index = -1;
  if (PyLong_Check(o)) no_accelerator();
  if (Py_TYPE(o) == device_type) type = reinterpret_cast<PyDevice*>(o)->type;
  else if (PyUnicode_Check(o)) parse_device(o, type, index);
  if (type == 1) fail(PyExc_AssertionError, "Torch not compiled with CUDA enabled");
  if (type != 0) raise(ErrorKind::NotImplemented, str("tensors on device '", kDevices[type], "' are not supported"));
  return Device::CPU;
}

void init_types(PyObject* module) {
  add_dtypes(module);
  add_layouts(module);
  add_device(module);
  add_size(module);
}

}  // namespace gradus::py
