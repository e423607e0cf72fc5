// Tensors from Python data.
#pragma once
#include <optional>

#include "gradus/core/tensor.h"
#include "python/bindings/py.h"

namespace gradus::py {

/// Copies numbers, nested sequences, arrays or tensors into a fresh tensor; the dtype is inferred unless given.
Tensor tensor_from_data(PyObject* data, std::optional<DType> dtype);
/// Tensor(2, 3), Tensor([1, 2]): uninitialised of the given sizes, or a copy of data, in the given dtype.
Tensor legacy_tensor(PyObject* args, PyObject* kwargs, DType dtype);
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
