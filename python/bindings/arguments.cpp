// Binding of arguments to the parameters of hand-written functions.
#include "python/bindings/arguments.h"

#include "gradus/core/format.h"

namespace gradus::py {

void bind_arguments(const char* function, const char* const* names, PyObject** interned, int n, int positional,
                    PyObject* const* args, Py_ssize_t nargs, PyObject* keywords, PyObject** out) {
  if (!interned[0])
    for (int i = 0; i < n; ++i) interned[i] = intern(names[i]);
  check_as(ErrorKind::Type, nargs <= positional, function, "() takes ", positional, " positional argument",
           positional == 1 ? "" : "s", " but ", nargs, nargs == 1 ? " was given" : " were given");
  for (Py_ssize_t i = 0; i < nargs; ++i) out[i] = args[i];
  const Py_ssize_t n_keywords = keywords ? PyTuple_GET_SIZE(keywords) : 0;
  for (Py_ssize_t k = 0; k < n_keywords; ++k) {
    PyObject* name = PyTuple_GET_ITEM(keywords, k);
    int found = -1;
    for (int i = 0; i < n && found < 0; ++i)
      if (name == interned[i] || PyUnicode_Compare(name, interned[i]) == 0) found = i;
    if (found < 0) fail(PyExc_TypeError, "%s() got an unexpected keyword argument '%U'", function, name);
    if (out[found]) fail(PyExc_TypeError, "%s() got multiple values for argument '%U'", function, name);
    out[found] = args[nargs + k];
  }
}

bool bool_argument(const char* function, const char* name, PyObject* object, bool fallback) {
  if (!object) return fallback;
  if (!PyBool_Check(object))
    fail(PyExc_TypeError, "%s(): argument '%s' must be bool, not %s", function, name, type_name(object).c_str());
  return object == Py_True;
}

}  // namespace gradus::py
