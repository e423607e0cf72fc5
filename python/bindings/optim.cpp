// The update rules of the optimizers over lists: one call per step of a parameter group.
#include <cstring>

#include "gradus/core/format.h"
#include "gradus/optim/update.h"
#include "python/bindings/tensor_type.h"
#include "python/bindings/types.h"
#include "python/bindings/values.h"

namespace gradus::py {
namespace {

// A keyword of a step function and where its value goes.
struct Keyword {
  const char* name;
  double* number;
  bool* flag;
};

void read_keywords(const char* function, PyObject* const* values, PyObject* names, const Keyword* known, int n_known) {
  const Py_ssize_t n = names ? PyTuple_GET_SIZE(names) : 0;
  for (Py_ssize_t i = 0; i < n; ++i) {
    const char* name = PyUnicode_AsUTF8(PyTuple_GET_ITEM(names, i));
    const Keyword* k = known;
    while (k < known + n_known && std::strcmp(k->name, name)) ++k;
    if (k == known + n_known) fail(PyExc_TypeError, "%s() got an unexpected keyword argument '%s'", function, name);
    if (k->number) {
      *k->number = PyFloat_AsDouble(values[i]);
      ensure(!PyErr_Occurred());
    } else {
      const int truth = PyObject_IsTrue(values[i]);
      ensure(truth >= 0);
      *k->flag = truth;
    }
  }
}

PyObject* list_argument(const char* function, PyObject* o) {
  if (!PyList_Check(o)) fail(PyExc_TypeError, "%s() expects lists, got %s", function, Py_TYPE(o)->tp_name);
  return o;
}
const Tensor& tensor_at(const char* function, PyObject* list, Py_ssize_t i) {
  if (i >= PyList_GET_SIZE(list)) fail(PyExc_ValueError, "%s(): lists of different lengths", function);
  PyObject* o = PyList_GET_ITEM(list, i);
  if (!is_tensor(o)) fail(PyExc_TypeError, "%s() expects tensors, got %s", function, Py_TYPE(o)->tp_name);
  return tensor_of(o);
}

PyObject* sgd_step(PyObject*, PyObject* const* args, Py_ssize_t n, PyObject* names) {
  return guarded([&] {
    constexpr const char* name = "_sgd_step";
    if (n != 3) fail(PyExc_TypeError, "%s() takes 3 positional arguments but %zd were given", name, n);
    optim::SGDOptions o;
    const Keyword known[] = {{"lr", &o.lr, nullptr},
                             {"momentum", &o.momentum, nullptr},
                             {"dampening", &o.dampening, nullptr},
                             {"weight_decay", &o.weight_decay, nullptr},
                             {"nesterov", nullptr, &o.nesterov},
                             {"maximize", nullptr, &o.maximize}};
    read_keywords(name, args + n, names, known, 6);
    PyObject *params = list_argument(name, args[0]), *grads = list_argument(name, args[1]);
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(params); ++i) {
      Tensor buffer;
      if (o.momentum != 0) {
        PyObject* held = i < PyList_GET_SIZE(args[2]) ? PyList_GET_ITEM(args[2], i) : nullptr;
        if (!held) fail(PyExc_ValueError, "%s(): lists of different lengths", name);
        if (held != Py_None) buffer = tensor_at(name, args[2], i);
      }
      const bool fresh = !buffer.defined();
      optim::sgd_update(tensor_at(name, params, i), tensor_at(name, grads, i), buffer, o);
      if (fresh && buffer.defined()) ensure(PyList_SetItem(args[2], i, wrap(buffer)) == 0);
    }
    return none();
  });
}

// A step count kept as a zero-dim tensor goes up by one in place; its new value is returned.
double advance(const char* function, PyObject* steps, Py_ssize_t i) {
  const Tensor& t = tensor_at(function, steps, i);
  NoGrad guard;
  t.add_(1);
  return t.item().to_double();
}

PyObject* adam_step(PyObject*, PyObject* const* args, Py_ssize_t n, PyObject* names) {
  return guarded([&] {
    constexpr const char* name = "_adam_step";
    if (n != 6) fail(PyExc_TypeError, "%s() takes 6 positional arguments but %zd were given", name, n);
    optim::AdamOptions o;
    const Keyword known[] = {{"lr", &o.lr, nullptr},
                             {"beta1", &o.beta1, nullptr},
                             {"beta2", &o.beta2, nullptr},
                             {"eps", &o.eps, nullptr},
                             {"weight_decay", &o.weight_decay, nullptr},
                             {"amsgrad", nullptr, &o.amsgrad},
                             {"maximize", nullptr, &o.maximize},
                             {"decoupled_weight_decay", nullptr, &o.decoupled_weight_decay}};
    read_keywords(name, args + n, names, known, 8);
    for (int k = 0; k < 6; ++k) list_argument(name, args[k]);
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(args[0]); ++i) {
      const Tensor &param = tensor_at(name, args[0], i), &grad = tensor_at(name, args[1], i);
      const Tensor &mean = tensor_at(name, args[2], i), &square = tensor_at(name, args[3], i);
      const Tensor largest = o.amsgrad ? tensor_at(name, args[4], i) : Tensor();
      optim::adam_update(param, grad, mean, square, largest, advance(name, args[5], i), o);
    }
    return none();
  });
}

PyMethodDef functions[] = {
    {"_sgd_step", as_method(&sgd_step), METH_FASTCALL | METH_KEYWORDS,
     "One step of SGD over lists of parameters, gradients and momentum buffers (filled in where None)."},
    {"_adam_step", as_method(&adam_step), METH_FASTCALL | METH_KEYWORDS,
     "One step of Adam over lists of parameters, gradients, running means and step counts."},
    {}};

}  // namespace

void init_optim(PyObject* module) { ensure(PyModule_AddFunctions(module, functions) == 0); }

}  // namespace gradus::py
