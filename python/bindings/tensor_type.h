// The Python class Tensor: one object per TensorImpl, created when Python first sees the tensor.
#pragma once
#include "gradus/core/impl.h"
#include "gradus/core/tensor.h"
#include "python/bindings/py.h"

namespace gradus::py {

/// The object owns a reference to the implementation, unless `kept`: then Python let go of it while C++ still had the
/// tensor, and the implementation owns the object.
struct PyTensor {
  PyObject_HEAD Tensor tensor;
  PyObject* dict;
  PyObject* weakrefs;
  bool kept;
};

extern PyTypeObject* tensor_type;

inline bool is_tensor(PyObject* o) { return Py_TYPE(o) == tensor_type || PyType_IsSubtype(Py_TYPE(o), tensor_type); }
inline const Tensor& tensor_of(PyObject* o) { return reinterpret_cast<PyTensor*>(o)->tensor; }

/// The Python object of a tensor (a new reference); None for an undefined one.
PyObject* wrap(Tensor tensor);
/// An object of a subclass over a tensor that Python has not seen yet.
PyObject* wrap_as(PyTypeObject* type, Tensor tensor);
PyObject* wrap_list(const Tensors& list);  // a tuple
/// Makes the cycle collector look at the object; it looks at plain tensors only from when they get attributes.
void track(PyObject* tensor);

// Parts of the class, each in a file of its own.
extern PyNumberMethods tensor_numbers;  // used as a bundle of functions
extern PyGetSetDef tensor_attributes[];
extern PyMethodDef tensor_methods[];
PyObject* tensor_richcompare(PyObject* a, PyObject* b, int op);
PyObject* tensor_getitem(PyObject* self, PyObject* index);
int tensor_setitem(PyObject* self, PyObject* index, PyObject* value);
Py_ssize_t tensor_length(PyObject* self);
PyObject* tensor_iter(PyObject* self);
int tensor_contains(PyObject* self, PyObject* element);
PyObject* tensor_repr(PyObject* self);
/// Tensor(...), PyTorch's old constructor: sizes, or data of the default dtype.
PyObject* tensor_new(PyTypeObject* type, PyObject* args, PyObject* kwargs);
int number_slots(PyType_Slot* out);  // writes the number protocol, returns how many slots

/// Runs what the tensor's data waits for; what takes long without the interpreter lock. No C++ frame that ends
/// exceptions may be above: at exit Python ends daemon threads by unwinding them here. What fails still waits.
void await_data(PyObject* tensor);

}  // namespace gradus::py
