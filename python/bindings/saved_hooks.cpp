// Pairs of Python functions that saved values go through: pack at recording, unpack in backward.
#include "python/bindings/saved_hooks.h"

#include "python/bindings/tensor_type.h"

namespace gradus::py {

namespace {

// What Python objects the hooks hold may be dropped by any thread, or after Python has ended.
class PySavedHooks : public SavedHooks {
 public:
  PySavedHooks(PyObject* pack, PyObject* unpack) : pack_(pack), unpack_(unpack) {
    Py_INCREF(pack_);
    Py_INCREF(unpack_);
  }
  ~PySavedHooks() override {
    release_object(pack_);
    release_object(unpack_);
  }
  void* pack(const Tensor& value) override {
    Ref argument = own(wrap(value));
    return own(PyObject_CallOneArg(pack_, argument.get())).release();
  }
  Tensor unpack(void* packed) override {
    Ref result = own(PyObject_CallOneArg(unpack_, static_cast<PyObject*>(packed)));
    if (!is_tensor(result.get()))
      fail(PyExc_TypeError, "Output of saved tensor unpack_hook expected to be a Tensor but got result of type %s",
           type_name(result.get()).c_str());
    return tensor_of(result.get());
  }
  void forget(void* packed) noexcept override { release_object(static_cast<PyObject*>(packed)); }

 private:
  PyObject *pack_, *unpack_;
};

PyObject* push(PyObject*, PyObject* const* args, Py_ssize_t n) {
  return guarded([&] {
    if (n != 2) fail(PyExc_TypeError, "expected 2 arguments but %zd were given", n);
    push_saved_hooks(make_saved_hooks(args[0], args[1]));
    return none();
  });
}
PyObject* pop(PyObject*, PyObject*) {
  return guarded([] {
    pop_saved_hooks();
    return none();
  });
}
PyObject* disable(PyObject*, PyObject* message) {
  return guarded([&] {
    disable_saved_hooks(message == Py_None ? nullptr : std::string(utf8(message)).c_str());
    return none();
  });
}
PyObject* disabled(PyObject*, PyObject*) {
  const char* message = saved_hooks_disabled();
  return message ? text(message) : none();
}

PyMethodDef functions[] = {
    {"_push_saved_tensors_default_hooks", as_method(&push), METH_FASTCALL, nullptr},
    {"_pop_saved_tensors_default_hooks", &pop, METH_NOARGS, nullptr},
    {"_saved_tensors_hooks_disable", &disable, METH_O, "Refuses hooks with this text; None allows them again."},
    {"_saved_tensors_hooks_disabled", &disabled, METH_NOARGS, "The text of the refusal, or None."},
    {}};

}  // namespace

void release_object(PyObject* object) noexcept {
  if (!object || !Py_IsInitialized()) return;
  const PyGILState_STATE gil = PyGILState_Ensure();
  Py_DECREF(object);
  PyGILState_Release(gil);
}

SavedHooks* make_saved_hooks(PyObject* pack, PyObject* unpack) { return new PySavedHooks(pack, unpack); }

void add_saved_hooks(PyObject* module) { ensure(PyModule_AddFunctions(module, functions) == 0); }

}  // namespace gradus::py
