// The extension module gradus._C: puts its parts together and adds the functions on dtypes, memory and threads.
#include "gradus/core/alloc.h"
#include "gradus/core/format.h"
#include "gradus/core/modes.h"
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
PyObject* promote_types(PyObject*, PyObject* const* args, Py_ssize_t n) {
  return guarded([&] {
    if (n != 2) fail(PyExc_TypeError, "promote_types() takes 2 positional arguments but %zd were given", n);
    return wrap(promote(dtype_argument("promote_types", "type1", 1, args[0]),
                        dtype_argument("promote_types", "type2", 2, args[1])));
  });
}
PyObject* can_cast(PyObject*, PyObject* const* args, Py_ssize_t n) {
  return guarded([&] {
    if (n != 2) fail(PyExc_TypeError, "can_cast() takes 2 positional arguments but %zd were given", n);
    return boolean(gradus::can_cast(dtype_argument("can_cast", "from_", 1, args[0]),
                                    dtype_argument("can_cast", "to", 2, args[1])));
  });
}
// The dtype of an operation: dimensioned tensors count most, then 0-d tensors, then numbers, within a category.
using MaybeDType = std::optional<DType>;
MaybeDType join(MaybeDType a, MaybeDType b) { return a && b ? promote(*a, *b) : a ? a : b; }
MaybeDType join_categories(MaybeDType higher, MaybeDType lower) {
  if (higher && is_floating(*higher)) return higher;
  if (!higher || *higher == DType::Bool || (lower && is_floating(*lower))) return join(higher, lower);
  return higher;
}
PyObject* result_type(PyObject*, PyObject* const* args, Py_ssize_t n) {
  return guarded([&] {
    if (n != 2) fail(PyExc_TypeError, "result_type() takes 2 positional arguments but %zd were given", n);
    MaybeDType tensors, scalars, numbers;
    for (Py_ssize_t i = 0; i < n; ++i) {
      if (is_tensor(args[i])) {
        MaybeDType& group = tensor_of(args[i]).dim() ? tensors : scalars;
        group = join(group, tensor_of(args[i]).dtype());
      } else if (is_number(args[i])) {
        const Scalar s = to_scalar(args[i]);
        numbers = join(numbers, s.is_float() ? default_dtype() : s.dtype());
      } else {
        fail(PyExc_TypeError, "result_type(): argument %zd must be Tensor or Number, not %s", i + 1,
             type_name(args[i]).c_str());
      }
    }
    return wrap(*join_categories(tensors, join_categories(scalars, numbers)));
  });
}

PyObject* is_floating_point(PyObject*, PyObject* o) {
  return guarded([&] { return boolean(is_floating(tensor_argument("is_floating_point", o).dtype())); });
}
PyObject* is_complex(PyObject*, PyObject* o) {
  return guarded([&] {
    tensor_argument("is_complex", o);
    return boolean(false);
  });
}
PyObject* numel(PyObject*, PyObject* o) {
  return guarded([&] { return PyLong_FromLongLong(tensor_argument("numel", o).numel()); });
}

PyObject* memory_stats(PyObject*, PyObject*) {
  const MemoryStats s = gradus::memory_stats();
  return Py_BuildValue("{s:L,s:L,s:L,s:L,s:L}", "allocated", static_cast<long long>(s.allocated), "peak",
                       static_cast<long long>(s.peak), "cached", static_cast<long long>(s.cached), "live_blocks",
                       static_cast<long long>(s.live_blocks), "total_blocks", static_cast<long long>(s.total_blocks));
}
PyObject* reset_peak_memory(PyObject*, PyObject*) {
  gradus::reset_peak_memory();
  Py_RETURN_NONE;
}
PyObject* empty_cache(PyObject*, PyObject*) {
  gradus::empty_cache();
  Py_RETURN_NONE;
}
PyObject* census(PyObject*, PyObject*) {
  const Census c = gradus::census();
  return Py_BuildValue("{s:L,s:L,s:L}", "storages", static_cast<long long>(c.storages), "tensors",
                       static_cast<long long>(c.tensors), "nodes", static_cast<long long>(c.nodes));
}

PyObject* get_num_threads(PyObject*, PyObject*) { return PyLong_FromLong(1); }
PyObject* set_num_threads(PyObject*, PyObject* o) {
  return guarded([&] {
    if (!PyLong_Check(o)) fail(PyExc_TypeError, "set_num_threads expects an int, but got %s", type_name(o).c_str());
    check(PyLong_AsLong(o) > 0, "expects a positive number of threads");
    return none();
  });
}

PyMethodDef functions[] = {
    {"get_default_dtype", &get_default_dtype, METH_NOARGS, "The dtype of floats without a dtype of their own."},
    {"set_default_dtype", &set_default_dtype, METH_O, "Sets the dtype of floats without a dtype of their own."},
    {"promote_types", as_method(&promote_types), METH_FASTCALL, "The smallest dtype both convert to."},
    {"result_type", as_method(&result_type), METH_FASTCALL, "The dtype in which an operation on both is done."},
    {"can_cast", as_method(&can_cast), METH_FASTCALL, "True if results of one dtype may be written to another."},
    {"memory_stats", &memory_stats, METH_NOARGS, "Bytes and blocks of tensor data: allocated, peak, cached."},
    {"_reset_peak_memory", &reset_peak_memory, METH_NOARGS, nullptr},
    {"_empty_cache", &empty_cache, METH_NOARGS, nullptr},
    {"_census", &census, METH_NOARGS, "Live storages, tensors and nodes."},
    {"get_num_threads", &get_num_threads, METH_NOARGS, "Threads that kernels use."},
    {"set_num_threads", &set_num_threads, METH_O, "Kernels use one thread, whatever is asked for."},
    {}};

PyMethodDef overridable_functions[] = {{"is_floating_point", &is_floating_point, METH_O, "True for tensors of floats."},
                                       {"is_complex", &is_complex, METH_O, "True for tensors of complex numbers."},
                                       {"numel", &numel, METH_O, "Number of elements."},
                                       {}};

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
    init_generator(module.get());
    init_creation(module.get());
    init_tensor_kinds(module.get());
    init_numpy(module.get());
    init_autograd(module.get());
    init_function(module.get());
    init_module_base(module.get());
    init_optim(module.get());
    init_files(module.get());
    init_functions(module.get());
    init_viz(module.get());
    add_functions(module.get(), overridable_functions, true);
    return module.release();
  });
}
