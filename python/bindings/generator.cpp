// Generator objects: seeds and states, bit for bit PyTorch's.
#include "python/bindings/generator.h"

#include "gradus/core/format.h"
#include "gradus/gen/functions.h"
#include "python/bindings/tensor_type.h"
#include "python/bindings/types.h"
#include "python/bindings/values.h"

namespace gradus::py {

PyTypeObject* generator_type = nullptr;

namespace {

PyObject* make(PyTypeObject* type, Generator* generator, bool owned) {
  auto* g = reinterpret_cast<PyGenerator*>(type->tp_alloc(type, 0));
  ensure(g);
  g->generator = generator;
  g->owned = owned;
  return reinterpret_cast<PyObject*>(g);
}
PyObject* generator_new(PyTypeObject* type, PyObject* args, PyObject* kwargs) {
  return guarded([&] {
    static const char* names[] = {"device", nullptr};
    PyObject* device = nullptr;
    ensure(PyArg_ParseTupleAndKeywords(args, kwargs, "|O:Generator", const_cast<char**>(names), &device));
    if (device) {
      if (!is_device_like(device))
        fail(PyExc_TypeError, "Generator(): argument 'device' (position 1) must be torch.device, not %s",
             type_name(device).c_str());
      device_of(device);
    }
    return make(type, new Generator, true);
  });
}
void generator_dealloc(PyObject* self) {
  auto* g = reinterpret_cast<PyGenerator*>(self);
  if (g->owned) delete g->generator;
  PyTypeObject* type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

uint64_t seed_argument(PyObject* o) {
  if (!is_int(o)) fail(PyExc_TypeError, "manual_seed expected a long, but got %s", type_name(o).c_str());
  Ref index = own(PyNumber_Index(o));
  // Negative seeds count modulo 2^64.
  int overflow = 0;
  const long long small = PyLong_AsLongLongAndOverflow(index.get(), &overflow);
  if (!overflow) return static_cast<uint64_t>(small);
  const unsigned long long v = PyLong_AsUnsignedLongLong(index.get());
  if (PyErr_Occurred()) {
    PyErr_Clear();
    fail(PyExc_RuntimeError, "Overflow when unpacking long long");
  }
  return v;
}
PyObject* manual_seed(PyObject* self, PyObject* seed) {
  return guarded([&] {
    generator_of(self)->manual_seed(seed_argument(seed));
    Py_INCREF(self);
    return self;
  });
}
PyObject* seed(PyObject* self, PyObject*) {
  return guarded([&] { return PyLong_FromUnsignedLongLong(generator_of(self)->seed()); });
}
PyObject* initial_seed(PyObject* self, PyObject*) {
  return PyLong_FromUnsignedLongLong(generator_of(self)->initial_seed());
}
PyObject* get_state(PyObject* self, PyObject*) {
  return guarded([&] {
    Tensor t = empty(Generator::kStateBytes, DType::UInt8);
    generator_of(self)->get_state(static_cast<uint8_t*>(t.settled_data()));
    return wrap(static_cast<Tensor&&>(t));
  });
}
PyObject* set_state(PyObject* self, PyObject* state) {
  return guarded([&] {
    if (!is_tensor(state)) fail(PyExc_TypeError, "expected a torch.ByteTensor, but got %s", type_name(state).c_str());
    const Tensor& t = tensor_of(state);
    check_as(ErrorKind::Type, t.dtype() == DType::UInt8, "RNG state must be a torch.ByteTensor");
    check(t.is_contiguous(), "RNG state must be contiguous");
    generator_of(self)->set_state(static_cast<const uint8_t*>(t.settled_data()), t.numel());
    Py_INCREF(self);
    return self;
  });
}
PyObject* clone_state(PyObject* self, PyObject*) {
  return guarded([&] { return make(generator_type, new Generator(*generator_of(self)), true); });
}
PyObject* graph_safe_set_state(PyObject* self, PyObject* other) {
  return guarded([&] {
    if (!is_generator(other)) fail(PyExc_TypeError, "expected a Generator, but got %s", type_name(other).c_str());
    *generator_of(self) = *generator_of(other);
    Py_INCREF(self);
    return self;
  });
}
PyObject* get_device(PyObject*, void*) { return cpu_device(); }

PyMethodDef methods[] = {
    {"manual_seed", &manual_seed, METH_O, "Starts the stream of numbers at a seed; returns the generator."},
    {"seed", &seed, METH_NOARGS, "Seeds from the operating system and returns the seed."},
    {"initial_seed", &initial_seed, METH_NOARGS, "The seed last given."},
    {"get_state", &get_state, METH_NOARGS, "The state as a uint8 tensor."},
    {"set_state", &set_state, METH_O, "Restores a state."},
    {"clone_state", &clone_state, METH_NOARGS, "A generator in the same state."},
    {"graphsafe_get_state", &clone_state, METH_NOARGS, nullptr},
    {"graphsafe_set_state", &graph_safe_set_state, METH_O, nullptr},
    {}};
PyGetSetDef attributes[] = {{"device", &get_device, nullptr, nullptr, nullptr}, {}};

}  // namespace

void init_generator(PyObject* module) {
  PyType_Slot slots[] = {{Py_tp_new, slot(&generator_new)},
                         {Py_tp_dealloc, slot(&generator_dealloc)},
                         {Py_tp_methods, methods},
                         {Py_tp_getset, attributes},
                         {0, nullptr}};
  PyType_Spec spec{"gradus.Generator", sizeof(PyGenerator), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
  generator_type = make_type(spec);
  Py_INCREF(generator_type);
  add_object(module, "Generator", reinterpret_cast<PyObject*>(generator_type));
  add_object(module, "default_generator", make(generator_type, &default_generator(), false));
}

}  // namespace gradus::py
