// Storages as Python objects: UntypedStorage over bytes, TypedStorage around one.
#pragma once
#include "python/bindings/tensor_type.h"

namespace gradus::py {

/// True for an UntypedStorage or a TypedStorage.
bool is_storage(PyObject* o);
/// What is inside. RuntimeError for a TypedStorage of another dtype than that of the tensor `self`.
Storage* storage_of(PyObject* o, PyObject* self);
/// The Python object of a storage (a new reference); one while it lives.
PyObject* wrap_storage(Storage* storage);

PyObject* tensor_untyped_storage(PyObject* self, PyObject*);
PyObject* tensor_is_shared(PyObject* self, PyObject*);
PyObject* tensor_share_memory(PyObject* self, PyObject*);

}  // namespace gradus::py
