// The extension module gradus._C: puts its parts together and adds the functions on dtypes, memory and threads.
#include "gradus/core/alloc.h"
#include "gradus/core/format.h"
#include "gradus/core/modes.h"
#include "gradus/kernels/pool.h"
#include "python/bindings/arguments.h"
#include "python/bindings/tensor_type.h"
#include "python/bindings/torch_function.h"
#include "python/bindings/types.h"
#include "python/bindings/values.h"

namespace gradus::py {

namespace {

const Tensor& tensor_argument(const char* function, PyObject* o) {
  if (!is_tensor(o))
    fail(PyExc_TypeError, "%s(): argument 'input' (position 1) must be Tensor, not %s", function, type_name(o).c_str());
  return tensor_of(o);
}
DType dtype_argument(const char* function, const char* name, int position, PyObject* o) {
  if (!is_dtype(o))
    fail(PyExc_TypeError, "%s(): argument '%s' (position %d) must be torch.dtype, not %s", function, name, position,
         type_name(o).c_str());
  return dtype_of(o);
}

PyObject* get_default_dtype(PyObject*, PyObject*) { return wrap(default_dtype()); }
PyObject* set_default_dtype(PyObject*, PyObject* o) {
  return guarded([&] {
    if (!is_dtype(o))
      fail(PyExc_TypeError, "invalid dtype object: only floating-point types are supported as the default type");
    gradus::set_default_dtype(dtype_of(o));
    return none();
  });
}
PyObject* can_cast(PyObject*, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
  return guarded([&] {
    static Names<2> names{"can_cast", {"from_", "to"}};
    Bound<2> a(names, args, n, keywords);
    if (!a[0] || !a[1])
      fail(PyExc_TypeError, "can_cast() missing %d required positional arguments: \"%s\"", a[0] ? 1 : 2,
           a[0] ? "to" : "from_\", \"to");
    const DType from = dtype_argument("can_cast", "from_", 1, a[0]);
    return boolean(gradus::can_cast(from, dtype_argument("can_cast", "to", 2, a[1])));
  });
}

PyObject* numel(PyObject*, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
  return guarded([&] {
    static Names<1> names{"numel", {"input"}};
    Bound<1> a(names, args, n, keywords);
    if (!a[0]) fail(PyExc_TypeError, "numel() missing 1 required positional arguments: \"input\"");
    return PyLong_FromLongLong(tensor_argument("numel", a[0]).numel());
  });
}
PyObject* is_inference(PyObject*, PyObject* o) {
  return guarded([&] { return boolean(tensor_argument("is_inference", o).is_inference()); });
}

PyObject* memory_stats(PyObject*, PyObject*) {
  synchronize();  // what waits keeps memory
  const MemoryStats s = gradus::memory_stats();
  return Py_BuildValue("{s:L,s:L,s:L,s:L,s:L}", "allocated", static_cast<long long>(s.allocated), "peak",
                       static_cast<long long>(s.peak), "cached", static_cast<long long>(s.cached), "live_blocks",
                       static_cast<long long>(s.live_blocks), "total_blocks", static_cast<long long>(s.total_blocks));
}
PyObject* reset_peak_memory(PyObject*, PyObject*) {
  synchronize();
  gradus::reset_peak_memory();
  Py_RETURN_NONE;
}
PyObject* empty_cache(PyObject*, PyObject*) {
  gradus::empty_cache();
  Py_RETURN_NONE;
}
PyObject* census(PyObject*, PyObject*) {
  synchronize();
  const Census c = gradus::census();
  return Py_BuildValue("{s:L,s:L,s:L}", "storages", static_cast<long long>(c.storages), "tensors",
                       static_cast<long long>(c.tensors), "nodes", static_cast<long long>(c.nodes));
}

PyObject* fail_allocation(PyObject*, PyObject* args) {
  long long nth, count = 1;
  if (!PyArg_ParseTuple(args, "L|L", &nth, &count)) return nullptr;
  return PyLong_FromLongLong(gradus::fail_allocation(nth, count));
}

PyObject* get_num_threads(PyObject*, PyObject*) { return PyLong_FromLong(num_threads()); }
PyObject* set_num_threads(PyObject*, PyObject* o) {
  return guarded([&] {
    if (!PyLong_Check(o) || PyBool_Check(o))
      fail(PyExc_RuntimeError, "set_num_threads expects an int, but got %s", type_name(o).c_str());
    int overflow;
    const long long n = PyLong_AsLongLongAndOverflow(o, &overflow);
    if (overflow) fail(PyExc_ValueError, "Overflow when unpacking long long");
    if (n != static_cast<int>(n)) fail(PyExc_ValueError, "Overflow when unpacking long");
    gradus::set_num_threads(static_cast<int>(n));
    return none();
  });
}

// Numbers too small for the format become zero, on this thread; False where the processor has no such switch.
PyObject* set_flush_denormal(PyObject*, PyObject* o) {
  if (!PyBool_Check(o))
    return PyErr_Format(PyExc_TypeError, "flush_denormal expects a bool, but got %s", type_name(o).c_str());
#if defined(__SSE__)
  constexpr unsigned kFlush = 0x8040;  // results and operands
  synchronize();                       // what was recorded before follows the old rule
  const unsigned state = __builtin_ia32_stmxcsr();
  __builtin_ia32_ldmxcsr(o == Py_True ? state | kFlush : state & ~kFlush);
  Py_RETURN_TRUE;
#else
  Py_RETURN_FALSE;
#endif
}

PyMethodDef functions[] = {
    {"set_flush_denormal", &set_flush_denormal, METH_O, "Whether numbers too small for the format become zero."},
    {"get_default_dtype", &get_default_dtype, METH_NOARGS, "The dtype of floats without a dtype of their own."},
    {"set_default_dtype", &set_default_dtype, METH_O, "Sets the dtype of floats without a dtype of their own."},
    {"can_cast", as_method(&can_cast), kFast, "True if results of one dtype may be written to another."},
    {"is_inference", &is_inference, METH_O, "True for tensors made in inference mode."},
    {"memory_stats", &memory_stats, METH_NOARGS, "Bytes and blocks of tensor data: allocated, peak, cached."},
    {"_reset_peak_memory", &reset_peak_memory, METH_NOARGS, nullptr},
    {"_empty_cache", &empty_cache, METH_NOARGS, nullptr},
    {"_census", &census, METH_NOARGS, "Live storages, tensors and nodes."},
    {"_fail_allocation", &fail_allocation, METH_VARARGS,
     "The n-th following allocation of this thread's tensor data fails (and count - 1 more); 0 ends it."},
    {"get_num_threads", &get_num_threads, METH_NOARGS, "Threads that one operator may use."},
    {"set_num_threads", &set_num_threads, METH_O, "Sets how many threads one operator may use."},
    {}};

PyMethodDef overridable_functions[] = {{"numel", as_method(&numel), kFast, "Number of elements."}, {}};

PyModuleDef definition{
    PyModuleDef_HEAD_INIT, "gradus._C", "The core of Gradus.", -1, functions, nullptr, nullptr, nullptr, nullptr};

}  // namespace
}  // namespace gradus::py

PyMODINIT_FUNC PyInit__C() {
  using namespace gradus::py;
  return guarded([] {
    Ref module = own(PyModule_Create(&definition));
    gradus::set_warning_handler(&python_warning);
    init_types(module.get());
    init_torch_function(module.get());
    init_tensor(module.get());
    init_storage(module.get());
    init_dlpack(module.get());
    init_generator(module.get());
    init_creation(module.get());
    init_tensor_kinds(module.get());
    init_numpy(module.get());
    init_autograd(module.get());
    init_function(module.get());
    init_module_base(module.get());
    init_optim(module.get());
    init_stream(module.get());
    init_files(module.get());
    init_functions(module.get());
    init_viz(module.get());
    add_functions(module.get(), overridable_functions, true);
    return module.release();
  });
}
