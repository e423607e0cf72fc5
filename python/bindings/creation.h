// Tensors from Python data.
#pragma once
#include <optional>

#include "gradus/core/tensor.h"
#include "python/bindings/py.h"

namespace gradus::py {

struct Arguments;

/// Copies numbers, nested sequences, arrays or tensors into a fresh tensor; the dtype is inferred unless given.
Tensor tensor_from_data(PyObject* data, std::optional<DType> dtype);
/// Tensor(2, 3), Tensor([1, 2]): uninitialised of the given sizes, or a copy of data, in the given dtype.
/// A tensor of another dtype is refused unless `any_dtype`.
Tensor legacy_tensor(const Arguments& arguments, DType dtype, bool any_dtype);
Tensor legacy_tensor(PyObject* args, PyObject* kwargs, DType dtype, bool any_dtype);
PyObject* tensor_new_method(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords);
/// A vector over the memory of an object with the buffer protocol, from `offset` bytes on; count -1: all there is.
Tensor tensor_from_buffer(PyObject* object, DType dtype, int64_t count, int64_t offset);
/// "FloatTensor", and whether an object is the class of that name.
const char* tensor_kind_name(DType dtype);
bool is_tensor_kind(PyObject* o, DType& dtype);
/// True if NumPy made this object.
bool is_ndarray(PyObject* o);
/// A tensor over the memory of a NumPy array.
Tensor tensor_from_ndarray(PyObject* array, bool warn_read_only = true);
/// A NumPy array over the memory of a tensor.
PyObject* ndarray_of(const Tensor& t);
/// Nested lists of Python numbers.
PyObject* to_list(const Tensor& t);

}  // namespace gradus::py
