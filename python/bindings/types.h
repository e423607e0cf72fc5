// The small value types of the Python interface: dtype, device, layout, memory_format, Size.
#pragma once
#include "gradus/core/device.h"
#include "gradus/core/dtype.h"
#include "gradus/core/shape.h"
#include "python/bindings/py.h"

namespace gradus::py {

/// A constant with a name; each exists once.
struct PyConstant {
  PyObject_HEAD int value;
  const char* name;
};
struct PyDevice {
  PyObject_HEAD int type;  // position in the list of device types; 0 is cpu
  int index;               // -1: none
};

extern PyTypeObject *dtype_type, *layout_type, *memory_format_type, *device_type, *size_type;

inline bool is_dtype(PyObject* o) { return Py_TYPE(o) == dtype_type; }
inline DType dtype_of(PyObject* o) { return static_cast<DType>(reinterpret_cast<PyConstant*>(o)->value); }
PyObject* wrap(DType dtype);  // a new reference
PyObject* wrap_size(const IntList& sizes);
PyObject* wrap_strides(const IntList& strides);  // a plain tuple
PyObject* cpu_device();
PyObject* strided_layout();
/// The device that an argument names; raises for devices that are not here.
Device device_of(PyObject* o);
inline bool is_device_like(PyObject* o) {
  return Py_TYPE(o) == device_type || PyUnicode_Check(o) || (PyLong_Check(o) && !PyBool_Check(o));
}

}  // namespace gradus::py
