// Arguments of the few functions that are not in the operator table.
#pragma once
#include "python/bindings/py.h"

namespace gradus::py {

/// Names of a function's parameters, interned on first use; the first `positional` may be given by position.
template <int N>
struct Names {
  const char* function;
  const char* names[N];
  int positional = N;
  PyObject* interned[N] = {};
};

void bind_arguments(const char* function, const char* const* names, PyObject** interned, int n, int positional,
                    PyObject* const* args, Py_ssize_t nargs, PyObject* keywords, PyObject** out);

/// Argument values by position of the name; null where not given. TypeError for unknown or surplus ones.
template <int N>
struct Bound {
  PyObject* at[N] = {};
  Bound(Names<N>& names, PyObject* const* args, Py_ssize_t nargs, PyObject* keywords) {
    bind_arguments(names.function, names.names, names.interned, N, names.positional, args, nargs, keywords, at);
  }
  PyObject* operator[](int i) const { return at[i]; }
  /// Given and not None.
  PyObject* given(int i) const { return at[i] == Py_None ? nullptr : at[i]; }
};

/// A bool argument with a default; TypeError in the parser's words for anything else.
bool bool_argument(const char* function, const char* name, PyObject* object, bool fallback);

}  // namespace gradus::py
