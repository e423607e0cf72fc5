// The Python class Generator.
#pragma once
#include "gradus/core/rng.h"
#include "python/bindings/py.h"

namespace gradus::py {

struct PyGenerator {
  PyObject_HEAD Generator* generator;
  bool owned;
};
extern PyTypeObject* generator_type;
inline bool is_generator(PyObject* o) { return generator_type && PyObject_TypeCheck(o, generator_type); }
inline Generator* generator_of(PyObject* o) { return reinterpret_cast<PyGenerator*>(o)->generator; }

}  // namespace gradus::py
