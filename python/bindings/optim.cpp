// One step of an optimizer over a parameter group, with options and state in the dicts of the Python class.
#include <utility>
#include <vector>

#include "gradus/core/format.h"
#include "gradus/gen/functions.h"
#include "gradus/optim/update.h"
#include "python/bindings/tensor_type.h"
#include "python/bindings/types.h"
#include "python/bindings/values.h"

namespace gradus::py {
namespace {

constexpr const char *kStep = "step", *kParams = "params";

double number_of(PyObject* o) {
  if (is_tensor(o)) return tensor_of(o).item().to_double();
  const double value = PyFloat_AsDouble(o);
  ensure(!(value == -1.0 && PyErr_Occurred()));
  return value;
}

void read(PyObject* value, double& x) { x = number_of(value); }
void read(PyObject* value, bool& x) {
  const int truth = PyObject_IsTrue(value);
  ensure(truth >= 0);
  x = truth;
}
void read(PyObject* value, double& x, double& y) {
  const Ref pair = own(PySequence_Fast(value, "expected two numbers"));
  if (PySequence_Fast_GET_SIZE(pair.get()) != 2) fail(PyExc_ValueError, "expected two numbers, got %R", value);
  x = number_of(PySequence_Fast_GET_ITEM(pair.get(), 0));
  y = number_of(PySequence_Fast_GET_ITEM(pair.get(), 1));
}

PyObject* item(PyObject* dict, PyObject* key) {
  PyObject* value = PyDict_GetItemWithError(dict, key);
  if (!value && PyErr_Occurred()) throw PythonError{};
  return value;
}

// The interned key of a literal, found by its address.
PyObject* key_of(const char* name) {
  static std::vector<std::pair<const char*, PyObject*>> known;
  for (const auto& [literal, key] : known)
    if (literal == name) return key;
  known.emplace_back(name, intern(name));
  return known.back().second;
}

template <class Rule>
typename Rule::Options options_of(PyObject* group) {
  typename Rule::Options o;
  Rule::options(o, [&](const char* name, auto&... x) {
    if (PyObject* value = item(group, key_of(name))) read(value, x...);
  });
  return o;
}

void store(PyObject* state, const char* name, const Tensor& value) {
  const Ref object = own(wrap(value));
  ensure(PyDict_SetItem(state, key_of(name), object.get()) == 0);
}

// Reads the state of a parameter; an empty dict is filled first.
template <class Rule>
void load_state(PyObject* held, const Tensor& param, typename Rule::State& state, const typename Rule::Options& o) {
  if (Rule::counts_steps && PyDict_GET_SIZE(held) == 0) {
    optim::start<Rule>(state, param, o);
    store(held, kStep, zeros({}, optim::step_dtype()));
    Rule::state(state, o, [&](const char* name, Tensor& value) { store(held, name, value); });
    return;
  }
  Rule::state(state, o, [&](const char* name, Tensor& value) {
    PyObject* object = item(held, key_of(name));
    if (object && is_tensor(object)) value = tensor_of(object);
    else if (Rule::counts_steps) fail(PyExc_KeyError, "%s", name);
  });
}

double count_step(PyObject* held) {
  PyObject* step = item(held, key_of(kStep));
  if (!step || !is_tensor(step)) fail(PyExc_KeyError, "step");
  return optim::count_step(tensor_of(step));
}

// The state of a parameter, borrowed, if finding it runs no code but ours; else null.
PyObject* known_state(PyObject* states, PyObject* param) {
  const PyMappingMethods* mapping = Py_TYPE(states)->tp_as_mapping;
  if (!PyDict_Check(states) || mapping->mp_subscript != PyDict_Type.tp_as_mapping->mp_subscript) return nullptr;
  if (Py_TYPE(param)->tp_hash != tensor_type->tp_hash) return nullptr;
  PyObject* held = item(states, param);
  return held && PyDict_CheckExact(held) ? held : nullptr;
}

// Adds a parameter whose state is all there: nothing between here and the end of the step can let go of it.
template <class Rule>
bool add_known(optim::Update<Rule>& update, PyObject* object, TensorImpl* grad, PyObject* states,
               const typename Rule::Options& o) {
  TensorImpl* tensors[Replay::kMaxArgs] = {grad, tensor_of(object).impl()};
  int n = 2;
  PyObject* held = nullptr;
  bool known = true;
  typename Rule::State names;
  Rule::state(names, o, [&](const char* name, Tensor&) {
    if (!held && known) held = known_state(states, object);
    PyObject* value = held ? item(held, key_of(name)) : nullptr;
    known = known && value && is_tensor(value);
    if (known) tensors[n++] = tensor_of(value).impl();
  });
  if (!known) return false;
  double step = 0;
  if constexpr (Rule::counts_steps) step = count_step(held);
  update.add(tensors, n, step);
  return true;
}

// State to be stored when the step is done: a parameter that is listed twice is new both times.
template <class Rule>
using NewStates = std::vector<std::pair<Ref, typename Rule::State>>;

template <class Rule>
void add_parameter(optim::Update<Rule>& update, PyObject* object, PyObject* states, const typename Rule::Options& o,
                   NewStates<Rule>& created) {
  if (!is_tensor(object))
    fail(PyExc_TypeError, "optimizer can only optimize Tensors, got %s", Py_TYPE(object)->tp_name);
  const Tensor& param = tensor_of(object);
  const Meta* meta = param.impl()->meta;
  if (!meta || !meta->grad || add_known<Rule>(update, object, meta->grad, states, o)) return;
  update.finish();  // from here on others may run
  const Tensor grad = param.grad();
  Ref held = own(PyObject_GetItem(states, object));
  if (!PyDict_Check(held.get()))
    fail(PyExc_TypeError, "state of a parameter is %s, not a dict", Py_TYPE(held.get())->tp_name);
  typename Rule::State state;
  load_state<Rule>(held.get(), param, state, o);
  bool fresh = false;
  Rule::state(state, o, [&](const char*, Tensor& value) { fresh |= !value.defined(); });
  update.now(param, grad, state, Rule::counts_steps ? count_step(held.get()) : 0);
  if (fresh) created.emplace_back(std::move(held), std::move(state));
}

template <class Rule>
void store_new(NewStates<Rule>& created, const typename Rule::Options& o) {
  for (auto& [held, state] : created)
    Rule::state(state, o, [&, &dict = held](const char* name, Tensor& value) { store(dict.get(), name, value); });
}

/// (group, state) -> None: updates every parameter of the group that has a gradient.
template <class Rule>
PyObject* step_group(PyObject*, PyObject* const* args, Py_ssize_t n) {
  return guarded([&] {
    if (n != 2 || !PyDict_Check(args[0])) fail(PyExc_TypeError, "expected a parameter group and the state");
    PyObject* params = item(args[0], key_of(kParams));
    if (!params || !PyList_Check(params)) fail(PyExc_TypeError, "params of a parameter group must be a list");
    const auto options = options_of<Rule>(args[0]);
    const NoGrad no_grad;
    const auto count = static_cast<size_t>(PyList_GET_SIZE(params));
    NewStates<Rule> created;
    try {
      optim::update_all<Rule>(options, count, [&](optim::Update<Rule>& update) {
        for (Py_ssize_t i = 0; i < PyList_GET_SIZE(params); ++i)
          add_parameter<Rule>(update, Ref::borrow(PyList_GET_ITEM(params, i)).get(), args[1], options, created);
      });
    } catch (...) {  // parameters that were updated keep the state of it
      PyObject *type, *value, *trace;
      PyErr_Fetch(&type, &value, &trace);
      store_new<Rule>(created, options);
      PyErr_Restore(type, value, trace);
      throw;
    }
    store_new<Rule>(created, options);
    return none();
  });
}

template <class Rule>
void add_step(PyObject* module) {
  static const std::string name = str("_step_", Rule::name);
  static PyMethodDef function[] = {{name.c_str(), as_method(static_cast<FastArgs>(&step_group<Rule>)), METH_FASTCALL,
                                    "One step over a parameter group with the state of its parameters."},
                                   {}};
  ensure(PyModule_AddFunctions(module, function) == 0);
}

}  // namespace

void init_optim(PyObject* module) {
  optim::for_each_rule([module]<class Rule>() { add_step<Rule>(module); });
}

}  // namespace gradus::py
