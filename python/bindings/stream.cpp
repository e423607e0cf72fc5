// The stream as Python sees it: counters, what was fused, and when operations run.
#include "gradus/core/format.h"
#include "gradus/stream/segment.h"
#include "python/bindings/tensor_type.h"

namespace gradus::py {
namespace {

PyObject* counters(PyObject*, PyObject*) {
  return guarded([] {
    Ref dict = own(PyDict_New());
    for (const StreamCounter& c : stream_counters()) {
      const Ref name = own(PyUnicode_FromStringAndSize(c.name.data(), static_cast<Py_ssize_t>(c.name.size())));
      const Ref value = own(PyLong_FromLongLong(c.value));
      ensure(PyDict_SetItem(dict.get(), name.get(), value.get()) == 0);
    }
    return dict.release();
  });
}

PyObject* defer(PyObject*, PyObject* flag) {
  return guarded([&] {
    const int on = PyObject_IsTrue(flag);
    ensure(on >= 0);
    const bool before = is_deferred();
    set_deferred(on);
    return boolean(before);
  });
}

PyObject* deferring(PyObject*, PyObject*) { return boolean(is_deferred()); }

PyObject* run_pending(PyObject*, PyObject*) {
  PyThreadState* state = PyEval_SaveThread();
  try {
    synchronize();
  } catch (...) {  // still waits, and fails again below
  }
  PyEval_RestoreThread(state);
  return guarded([] {
    synchronize();
    return none();
  });
}

PyObject* tile(PyObject*, PyObject* number) {
  return guarded([&] {
    const long n = PyLong_AsLong(number);
    ensure(n != -1 || !PyErr_Occurred());
    check_as(ErrorKind::Value, n == 0 || (n >= 256 && n <= Program::kMaxTile && (n & (n - 1)) == 0),
             "a tile has a power of two of elements, from 256 to 4096, or 0 for automatic; got ", n);
    set_tile(n);
    return none();
  });
}

PyObject* keep(PyObject*, PyObject* number) {
  return guarded([&] {
    const long n = PyLong_AsLong(number);
    ensure(n != -1 || !PyErr_Occurred());
    keep_segments(static_cast<int>(n));
    return none();
  });
}

PyObject* kept(PyObject*, PyObject*) {
  return guarded([] {
    const std::string text = kept_segments();
    return PyUnicode_FromStringAndSize(text.data(), static_cast<Py_ssize_t>(text.size()));
  });
}

PyMethodDef functions[] = {
    {"_stream_counters", &counters, METH_NOARGS, "What the executor has done since the start."},
    {"_set_deferred", &defer, METH_O, "Whether operations may wait to be fused; returns what was set before."},
    {"_is_deferred", &deferring, METH_NOARGS, "Whether operations may wait to be fused."},
    {"_synchronize", &run_pending, METH_NOARGS, "Runs what waits on this thread and what ended threads have left."},
    {"_set_tile", &tile, METH_O, "Elements per tile of fused loops; 0 for automatic."},
    {"_keep_segments", &keep, METH_O, "Keeps descriptions of the last n segments."},
    {"_kept_segments", &kept, METH_NOARGS, "The kept segments as JSON."},
    {}};

}  // namespace

void await_data(PyObject* tensor) {
  Storage& s = *tensor_of(tensor).impl()->view->storage;
  if (!s.pending_write()) return;
  const auto* home = static_cast<Stream*>(__atomic_load_n(&s.home, __ATOMIC_ACQUIRE));
  if (!home || !home->takes_long()) return;
  ref_inc(s.refs);
  PyThreadState* state = PyEval_SaveThread();
  try {
    settle(s);
  } catch (...) {}
  PyEval_RestoreThread(state);
  drop(&s);
}

void init_stream(PyObject* module) { ensure(PyModule_AddFunctions(module, functions) == 0); }

}  // namespace gradus::py
