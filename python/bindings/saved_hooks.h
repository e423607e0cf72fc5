// Python functions as hooks of saved values.
#pragma once
#include "gradus/core/node.h"
#include "python/bindings/py.h"

namespace gradus::py {

/// Hooks that call the two functions; owns them. The caller owns the result.
SavedHooks* make_saved_hooks(PyObject* pack, PyObject* unpack);
/// Drops a reference from wherever the caller is: without the GIL, or after the interpreter has ended (then it leaks).
void release_object(PyObject* object) noexcept;
void add_saved_hooks(PyObject* module);

}  // namespace gradus::py
