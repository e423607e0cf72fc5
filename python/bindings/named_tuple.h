// Tuples with field names for operators with several results: torch.return_types.max(values=..., indices=...).
#pragma once
#include "gradus/ops/op.h"
#include "python/bindings/py.h"

namespace gradus::py {

/// The type for the results of a schema with named results, one per operator name; null if they have no names.
PyTypeObject* named_tuple_type(const Schema& schema);
/// Adds the types to the module as `return_types`.
void add_named_tuples(PyObject* module);

}  // namespace gradus::py
