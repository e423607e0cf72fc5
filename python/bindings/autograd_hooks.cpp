// Python functions as hooks of tensors and nodes; anomaly mode's view of the Python stack.
#include <memory>

#include "gradus/autograd/anomaly.h"
#include "gradus/autograd/hooks.h"
#include "gradus/core/format.h"
#include "python/bindings/autograd.h"
#include "python/bindings/saved_hooks.h"
#include "python/bindings/tensor_type.h"
#include "python/bindings/values.h"

namespace gradus::py {

namespace {

using Callable = std::shared_ptr<PyObject>;
Callable keep(PyObject* hook) {
  Py_INCREF(hook);
  return {hook, &release_object};
}

std::string name_of(PyObject* hook) {
  PyObject* name = PyObject_GetAttrString(hook, "__name__");
  if (!name) PyErr_Clear();
  const Ref text = own(name ? name : PyUnicode_FromString("<unknown>"));
  return std::string(utf8(text.get()));
}

// Replaces a gradient by what a hook returned for it, if that fits.
void take_result(PyObject* hook, PyObject* result, Tensor& gradient) {
  if (result == Py_None) return;
  check(gradient.defined(), "can't replace a None gradient with a non-None value");
  if (!is_tensor(result)) fail(PyExc_TypeError, "expected Variable, but hook returned '%s'", type_name(result).c_str());
  const Tensor replaced = tensor_of(result);
  if (replaced.dtype() != gradient.dtype())
    raise(ErrorKind::Runtime, str("hook '", name_of(hook), "' has changed the type of value (was torch.",
                                  gradient.dtype(), "Tensor got torch.", replaced.dtype(), "Tensor)"));
  if (!(replaced.sizes() == gradient.sizes()))
    raise(ErrorKind::Runtime, str("hook '", name_of(hook), "' has changed the size of value"));
  gradient = replaced;
}

// A hook of a node may replace gradients by None.
void take_results(PyObject* hook, PyObject* result, Tensors& gradients, Py_ssize_t expected) {
  if (result == Py_None) return;
  if (!PyTuple_Check(result))
    fail(PyExc_TypeError, "expected tuple, but hook returned '%s'", type_name(result).c_str());
  const Py_ssize_t n = PyTuple_GET_SIZE(result);
  if (n != expected)
    raise(ErrorKind::Runtime, str("hook '", name_of(hook), "' has returned an incorrect number of values (got ", n,
                                  ", but expected ", expected, ")"));
  for (size_t i = 0; i < gradients.size(); ++i) {
    PyObject* item = PyTuple_GET_ITEM(result, static_cast<Py_ssize_t>(i));
    if (item == Py_None) gradients[i] = {};
    else take_result(hook, item, gradients[i]);
  }
}

Ref tuple_of(const Tensors& list, int extra) {
  Ref tuple = own(PyTuple_New(static_cast<Py_ssize_t>(list.size()) + extra));
  for (size_t i = 0; i < list.size(); ++i) PyTuple_SET_ITEM(tuple.get(), static_cast<Py_ssize_t>(i), wrap(list[i]));
  for (int i = 0; i < extra; ++i) PyTuple_SET_ITEM(tuple.get(), static_cast<Py_ssize_t>(list.size()) + i, none());
  return tuple;
}

PyObject* handle(int64_t id) {
  static PyObject* type = imported("gradus.utils.hooks", "TensorHookHandle");
  return PyObject_CallFunction(type, "L", static_cast<long long>(id));
}

PyObject* remove_hook(PyObject*, PyObject* id) {
  return guarded([&] {
    gradus::remove_hook(to_int(id));
    return none();
  });
}

PyMethodDef hook_functions[] = {{"_remove_hook", &remove_hook, METH_O, nullptr}, {}};

// ---- anomaly mode

std::string python_place(bool brief) {
  if (!PyGILState_Check() || PyErr_Occurred()) return "";
  static PyObject* format = imported("traceback", "format_stack");
  Ref lines(PyObject_CallNoArgs(format));
  if (!lines) {
    PyErr_Clear();
    return "";
  }
  std::string out;
  const Py_ssize_t n = PyList_GET_SIZE(lines.get());
  for (Py_ssize_t i = brief && n ? n - 1 : 0; i < n; ++i) out += utf8(PyList_GET_ITEM(lines.get(), i));
  if (!brief) return out;
  const size_t from = out.find_first_not_of(' ');
  return from == out.npos ? "" : out.substr(from, out.find('\n') - from);
}

PyObject* set_anomaly(PyObject*, PyObject* const* args, Py_ssize_t n) {
  return guarded([&] {
    if (n != 2) fail(PyExc_TypeError, "expected 2 arguments but %zd were given", n);
    for (int i = 0; i < 2; ++i)
      if (!PyBool_Check(args[i]))
        fail(PyExc_TypeError, "set_anomaly_enabled(): argument '%s' (position %d) must be bool, not %s",
             i ? "check_nan" : "enabled", i + 1, type_name(args[i]).c_str());
    set_detect_anomaly(args[0] == Py_True, args[1] == Py_True);
    return none();
  });
}
PyObject* anomaly_enabled(PyObject*, PyObject*) { return boolean(is_anomaly_enabled()); }
PyObject* anomaly_checks_nan(PyObject*, PyObject*) { return boolean(is_anomaly_check_nan_enabled()); }

PyMethodDef anomaly_functions[] = {
    {"_set_anomaly_enabled", as_method(&set_anomaly), METH_FASTCALL, nullptr},
    {"is_anomaly_enabled", &anomaly_enabled, METH_NOARGS, "True in anomaly mode."},
    {"is_anomaly_check_nan_enabled", &anomaly_checks_nan, METH_NOARGS, "True if anomaly mode looks for NaN."},
    {}};

}  // namespace

PyObject* tensor_register_hook(PyObject* self, PyObject* hook) {
  return guarded([&]() -> PyObject* {
    const auto call = [kept = keep(hook)](const Tensor& g) {
      Ref argument = own(wrap(g));
      Ref result = own(PyObject_CallOneArg(kept.get(), argument.get()));
      Tensor replaced = g;
      take_result(kept.get(), result.get(), replaced);
      return replaced.is_same(g) ? Tensor() : replaced;
    };
    const int64_t id = gradus::register_hook(tensor_of(self), call, hook);
    track(self);
    return handle(id);
  });
}

PyObject* tensor_register_post_accumulate_grad_hook(PyObject* self, PyObject* hook) {
  return guarded([&]() -> PyObject* {
    const auto call = [kept = keep(hook)](const Tensor& leaf) {
      Ref argument = own(wrap(leaf));
      Ref result = own(PyObject_CallOneArg(kept.get(), argument.get()));
      Tensor returned = leaf;
      take_result(kept.get(), result.get(), returned);
      check(returned.is_same(leaf), "Tensor post accumulate grad hooks should return None.");
    };
    const int64_t id = gradus::register_post_accumulate_grad_hook(tensor_of(self), call, hook);
    track(self);
    return handle(id);
  });
}

PyObject* node_register_hook(PyObject* self, PyObject* hook) {
  return guarded([&]() -> PyObject* {
    Node& node = *unwrap_node(self);
    const int extra = extra_edges(node);
    const auto call = [kept = keep(hook), extra](Tensors& made, const Tensors& given) {
      Ref inputs = tuple_of(made, extra), outputs = tuple_of(given, 0);
      Ref result = own(PyObject_CallFunctionObjArgs(kept.get(), inputs.get(), outputs.get(), nullptr));
      take_results(kept.get(), result.get(), made, static_cast<Py_ssize_t>(made.size()) + extra);
    };
    return handle(register_posthook(node, call, hook));
  });
}

PyObject* node_register_prehook(PyObject* self, PyObject* hook) {
  return guarded([&]() -> PyObject* {
    const auto call = [kept = keep(hook)](Tensors& gradients) {
      Ref outputs = tuple_of(gradients, 0);
      Ref result = own(PyObject_CallOneArg(kept.get(), outputs.get()));
      take_results(kept.get(), result.get(), gradients, static_cast<Py_ssize_t>(gradients.size()));
    };
    return handle(register_prehook(*unwrap_node(self), call, hook));
  });
}

namespace {
// Those of a leaf go with it if it is part of a cycle, even if a graph still leads to its accumulator, as in PyTorch.
NodeHooks* own_hooks(TensorImpl* t) {
  const bool alone =
      t && ref_count(t->refs) == 1 && t->node && (ref_count(t->node->refs) == 1 || accumulator_leaf(t->node) == t);
  return alone ? static_cast<NodeHooks*>(t->node->hooks) : nullptr;
}
}  // namespace

int visit_hooks(TensorImpl* t, visitproc visit, void* arg) {
  NodeHooks* hooks = own_hooks(t);
  if (!hooks) return 0;
  int status = 0;
  hooks->for_each([&](const auto& list) {
    for (const auto& e : list)
      if (e.object && !status) status = visit(static_cast<PyObject*>(e.object), arg);
  });
  return status;
}

void clear_hooks(TensorImpl* t) {
  NodeHooks* hooks = own_hooks(t);
  if (!hooks) return;
  std::vector<int64_t> ids;
  hooks->for_each([&](const auto& list) {
    for (const auto& e : list)
      if (e.object) ids.push_back(e.id);
  });
  for (const int64_t id : ids) gradus::remove_hook(id);
}

void add_hooks(PyObject* module) { ensure(PyModule_AddFunctions(module, hook_functions) == 0); }

void add_anomaly(PyObject* module) {
  set_place_finder(&python_place);
  ensure(PyModule_AddFunctions(module, anomaly_functions) == 0);
}

}  // namespace gradus::py
