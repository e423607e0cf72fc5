// Methods that convert a tensor to another dtype or copy it whole.
#pragma once
#include "python/bindings/py.h"

namespace gradus::py {

PyObject* tensor_to(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords);
PyObject* tensor_type_method(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords);
PyObject* tensor_to_float(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords);
PyObject* tensor_to_double(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords);
PyObject* tensor_to_half(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords);
PyObject* tensor_to_bfloat16(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords);
PyObject* tensor_to_long(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords);
PyObject* tensor_to_int(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords);
PyObject* tensor_to_short(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords);
PyObject* tensor_to_char(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords);
PyObject* tensor_to_byte(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords);
PyObject* tensor_to_bool(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords);
PyObject* tensor_cpu(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords);
PyObject* tensor_cuda(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords);
PyObject* tensor_new_tensor(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords);

}  // namespace gradus::py
