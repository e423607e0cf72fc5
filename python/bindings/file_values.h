// Python objects as the values that files hold, and back.
#pragma once
#include <unordered_map>
#include <vector>

#include "gradus/io/object.h"
#include "python/bindings/py.h"

namespace gradus::py {

/// Turns objects into values. Objects that occur twice become one value; what no value stands for is asked how it
/// wants to be rebuilt, as pickle does.
class FromPython {
 public:
  Object convert(PyObject* o);

 private:
  Object fresh(PyObject* o);
  Object container(PyObject* o, Object::Kind kind);
  Object mapping(PyObject* o, Object::Kind kind);
  Object tensor(PyObject* o);
  Object storage(PyObject* o);
  Object object(PyObject* o);
  Object global(PyObject* o);
  Object remember(PyObject* o, Object v);

  std::unordered_map<PyObject*, Object> memo_;
  std::vector<Ref> alive_;  // addresses are used as names: nothing may be freed meanwhile
};

/// Turns values into objects. `classes`: what the user allows, by full name.
class ToPython {
 public:
  explicit ToPython(PyObject* classes) : classes_(classes) {}
  Ref convert(const Object& v);

 private:
  Ref fresh(const Object& v);
  Ref scalar(const Object& v);
  Ref tuple(const Object& v);
  Ref set(const Object& v);
  Ref dict(const Object& v);
  Ref tensor(const Object& v);
  Ref object(const Object& v);
  Ref global(const Object& v);
  void remember(const Object& v, const Ref& object);

  PyObject* classes_;
  std::unordered_map<const void*, Ref> memo_;
};

/// A class of PyTorch's list or one that the package itself needs, imported once.
PyObject* file_class(const char* module, const char* name);

}  // namespace gradus::py
