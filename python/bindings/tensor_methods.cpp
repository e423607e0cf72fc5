// Methods of Tensor that are not operators: what it looks like, conversions, protocol methods.
#include <algorithm>
#include <numeric>
#include <vector>

#include "gradus/core/format.h"
#include "gradus/core/geometry.h"
#include "gradus/gen/functions.h"
#include "python/bindings/arguments.h"
#include "python/bindings/autograd.h"
#include "python/bindings/creation.h"
#include "python/bindings/storage.h"
#include "python/bindings/tensor_convert.h"
#include "python/bindings/tensor_type.h"
#include "python/bindings/torch_function.h"
#include "python/bindings/types.h"
#include "python/bindings/values.h"

namespace gradus::py {

namespace {

// ---- shape

PyObject* one_of(const char* function, PyObject* dim, PyObject* self, const IntList& list) {
  if (!is_int(dim) && !is_number_tensor(dim, true))
    fail(PyExc_TypeError, "%s(): argument 'dim' (position 1) must be int, not %s", function, type_name(dim).c_str());
  const int64_t d = to_int(dim);
  check_as(ErrorKind::Index, list.size() != 0, "Dimension specified as ", d, " but tensor has no dimensions");
  return PyLong_FromLongLong(list[wrap_dim(d, list.size())]);
}
PyObject* size(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
  return guarded([&] {
    static Names<1> names{"size", {"dim"}};
    Bound<1> a(names, args, n, keywords);
    const IntList sizes = tensor_of(self).sizes();
    return a.given(0) ? one_of("size", a[0], self, sizes) : wrap_size(sizes);
  });
}
PyObject* stride(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
  return guarded([&] {
    static Names<1> names{"stride", {"dim"}};
    Bound<1> a(names, args, n, keywords);
    const IntList strides = tensor_of(self).strides();
    return a.given(0) ? one_of("stride", a[0], self, strides) : wrap_strides(strides);
  });
}
PyObject* dim(PyObject* self, PyObject*) { return PyLong_FromLongLong(tensor_of(self).dim()); }
PyObject* numel(PyObject* self, PyObject*) { return PyLong_FromLongLong(tensor_of(self).numel()); }
PyObject* storage_offset(PyObject* self, PyObject*) { return PyLong_FromLongLong(tensor_of(self).storage_offset()); }
PyObject* element_size(PyObject* self, PyObject*) { return PyLong_FromLongLong(tensor_of(self).element_size()); }
PyObject* data_ptr(PyObject* self, PyObject*) {
  await_data(self);
  return guarded([&] {
    const Tensor& t = tensor_of(self);
    return PyLong_FromVoidPtr(t.numel() && t.impl()->view->storage->bytes ? t.data_ptr() : nullptr);
  });
}
PyObject* is_floating_point(PyObject* self, PyObject*) { return boolean(is_floating(tensor_of(self).dtype())); }
PyObject* is_contiguous(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
  return guarded([&] {
    static Names<1> names{"is_contiguous", {"memory_format"}, 0};
    Bound<1> a(names, args, n, keywords);
    auto format = MemoryFormat::Contiguous;
    if (a[0]) {
      if (Py_TYPE(a[0]) != memory_format_type)
        fail(PyExc_TypeError, "is_contiguous(): argument 'memory_format' must be torch.memory_format, not %s",
             type_name(a[0]).c_str());
      format = static_cast<MemoryFormat>(reinterpret_cast<PyConstant*>(a[0])->value);
    }
    return boolean(tensor_of(self).is_contiguous(format));
  });
}
PyObject* returns_false(PyObject*, PyObject*) { Py_RETURN_FALSE; }
PyObject* returns_self(PyObject* self, PyObject*) {
  Py_INCREF(self);
  return self;
}
PyObject* get_device(PyObject*, PyObject*) { return PyLong_FromLong(-1); }

// ---- values

PyObject* item(PyObject* self, PyObject*) {
  await_data(self);
  return guarded([&] { return to_python(tensor_of(self).item()); });
}
PyObject* tolist(PyObject* self, PyObject*) {
  await_data(self);
  return guarded([&] { return to_list(tensor_of(self)); });
}
PyObject* complex_(PyObject* self, PyObject*) {
  return guarded([&] {
    check_as(ErrorKind::Value, tensor_of(self).numel() == 1,
             "only one element tensors can be converted to Python scalars");
    return PyComplex_FromDoubles(tensor_of(self).item().to_double(), 0);
  });
}

PyObject* numpy(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
  await_data(self);
  return guarded([&] {
    static Names<1> names{"numpy", {"force"}, 0};
    Bound<1> a(names, args, n, keywords);
    const Tensor& t = tensor_of(self);
    if (bool_argument("numpy", "force", a[0], false)) return ndarray_of(detach(t));
    check(!t.requires_grad(), "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.");
    return ndarray_of(t);
  });
}
PyObject* array(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
  await_data(self);
  return guarded([&]() -> PyObject* {
    static Names<2> names{"__array__", {"dtype", "copy"}};
    Bound<2> a(names, args, n, keywords);
    Ref plain = own(numpy(self, nullptr, 0, nullptr));
    const bool copy = a.given(1) && to_bool(a[1]);
    if (!a.given(0)) return copy ? PyObject_CallMethod(plain.get(), "copy", nullptr) : plain.release();
    Ref astype = own(PyObject_GetAttrString(plain.get(), "astype"));
    Ref arguments = own(PyTuple_Pack(1, a[0]));
    Ref options = own(Py_BuildValue("{s:O}", "copy", copy ? Py_True : Py_False));
    return PyObject_Call(astype.get(), arguments.get(), options.get());
  });
}
PyObject* array_wrap(PyObject*, PyObject* const* args, Py_ssize_t n) {
  return guarded([&] {
    if (n < 1) fail(PyExc_TypeError, "__array_wrap__() missing 1 required positional argument: 'array'");
    const Tensor t = tensor_from_ndarray(args[0]);
    return wrap(t.dtype() == DType::Bool ? to(t, DType::UInt8) : t);  // as PyTorch has it
  });
}

PyObject* format(PyObject* self, PyObject* spec) {
  return guarded([&]() -> PyObject* {
    static PyObject* function = imported("gradus._tensor_str", "_format");
    return PyObject_CallFunctionObjArgs(function, self, spec, nullptr);
  });
}
PyObject* delete_item(PyObject*, PyObject*) {
  return PyErr_Format(PyExc_TypeError, "Tensor does not support deleting items");
}

PyObject* reversed(PyObject* self, PyObject*) {
  return guarded([&] { return wrap(tensor_of(self).dim() ? flip(tensor_of(self), 0) : tensor_of(self)); });
}

// ---- autograd

PyObject* requires_grad_(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
  return guarded([&] {
    if (n > 1) fail(PyExc_TypeError, "requires_grad_() takes from 0 to 1 positional arguments but %zd were given", n);
    static Names<1> names{"requires_grad_", {"requires_grad"}};
    Bound<1> a(names, args, n, keywords);
    if (a[0] && !PyBool_Check(a[0]))
      fail(PyExc_TypeError, "requires_grad_(): argument 'requires_grad' (position 1) must be bool, not %s",
           type_name(a[0]).c_str());
    tensor_of(self).requires_grad_(a[0] != Py_False);
    return returns_self(self, nullptr);
  });
}
PyObject* is_view(PyObject* self, PyObject*) { return boolean(tensor_of(self).is_view()); }
PyObject* retain_grad(PyObject* self, PyObject*) {
  return guarded([&] {
    tensor_of(self).retain_grad();
    return none();
  });
}

PyObject* is_inference(PyObject* self, PyObject*) { return boolean(tensor_of(self).is_inference()); }

PyObject* detach_in_place(PyObject* self, PyObject*) {
  return guarded([&] {
    TensorImpl* t = tensor_of(self).impl();
    check(
        !tensor_of(self).is_view(),
        "Can't detach views in-place. Use detach() instead. If you are using DistributedDataParallel (DDP) for "
        "training, and gradient_as_bucket_view is set as True, gradients are views of DDP buckets, and hence detach_() "
        "cannot be called on these gradients. To fix this error, please refer to the Optimizer.zero_grad() function "
        "in torch/optim/optimizer.py as the solution.");
    if (!t->is_leaf()) {
      if (t->meta && t->meta->retains_grad) forget_keeper(t->node, t);
      drop(t->node);
      t->node = nullptr;
      t->out_nr = 0;
    }
    t->flags &= ~TensorImpl::kRequiresGrad;
    return returns_self(self, nullptr);
  });
}

void check_subclass(PyTypeObject* type) {
  check_as(ErrorKind::Type, PyType_IsSubtype(type, tensor_type),
           "Creating a Tensor subclass from a class that does not inherit from Tensor is not possible. Make sure your "
           "class inherits from Tensor.");
}

PyObject* make_subclass(PyObject*, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
  return guarded([&] {
    static Names<3> names{"_make_subclass", {"cls", "data", "require_grad"}};
    Bound<3> a(names, args, n, keywords);
    if (!a[0] || !PyType_Check(a[0]))
      fail(PyExc_TypeError, "cls must be a type (got %s)", a[0] ? type_name(a[0]).c_str() : "nothing");
    check_subclass(reinterpret_cast<PyTypeObject*>(a[0]));
    if (!a[1] || !is_tensor(a[1]))
      fail(PyExc_TypeError, "_make_subclass(): argument 'data' (position 2) must be Tensor, not %s",
           a[1] ? type_name(a[1]).c_str() : "nothing");
    Tensor data = detach(tensor_of(a[1]));
    if (a[2] && to_bool(a[2])) {
      check(is_floating(data.dtype()), "Only Tensors of floating point and complex dtype can require gradients");
      data.requires_grad_(true);
    }
    return wrap_as(reinterpret_cast<PyTypeObject*>(a[0]), static_cast<Tensor&&>(data));
  });
}

// ---- Python functions of every element

void replace_elements(const Tensor& t, PyObject* function, PyObject* const* others, Py_ssize_t n) {
  check(!t.requires_grad(), "apply_() and map_() cannot be used on a tensor that requires grad");
  Ref flat = own(to_list(t.reshape(-1)));
  std::vector<Ref> lists;
  for (Py_ssize_t i = 0; i < n; ++i) {
    if (!is_tensor(others[i])) fail(PyExc_TypeError, "map_(): expected a tensor, got %s", type_name(others[i]).c_str());
    const Tensor& other = tensor_of(others[i]);
    check(other.dtype() == t.dtype(), "map_(): expected a tensor of dtype ", t.dtype(), " but got ", other.dtype());
    lists.push_back(own(to_list(other.expand(t.sizes()).reshape(-1))));
  }
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(flat.get()); ++i) {
    PyObject* arguments[4] = {PyList_GET_ITEM(flat.get(), i)};
    for (Py_ssize_t k = 0; k < n; ++k) arguments[k + 1] = PyList_GET_ITEM(lists[static_cast<size_t>(k)].get(), i);
    Ref value = own(PyObject_Vectorcall(function, arguments, static_cast<size_t>(n) + 1, nullptr));
    if (!is_number(value.get()))
      fail(PyExc_TypeError, "expected a number from the function, got %s", type_name(value.get()).c_str());
    PyList_SetItem(flat.get(), i, value.release());
  }
  copy_(t, tensor_from_data(flat.get(), t.dtype()).reshape(t.sizes()));
}
PyObject* apply(PyObject* self, PyObject* function) {
  return guarded([&] {
    replace_elements(tensor_of(self), function, nullptr, 0);
    return returns_self(self, nullptr);
  });
}
PyObject* map(PyObject* self, PyObject* const* args, Py_ssize_t n) {
  return guarded([&] {
    if (n < 2 || n > 3) fail(PyExc_TypeError, "map_() expects one or two tensors and a function");
    replace_elements(tensor_of(self), args[n - 1], args, n - 1);
    return returns_self(self, nullptr);
  });
}

// Dims from the one with the largest stride to the one with the smallest; ties keep their order.
PyObject* dim_order(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
  return guarded([&] {
    static Names<1> names{"dim_order", {"ambiguity_check"}, 0};
    Bound<1> a(names, args, n, keywords);
    const IntList strides = tensor_of(self).strides();
    std::vector<int64_t> order(static_cast<size_t>(strides.size()));
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int64_t x, int64_t y) { return strides[x] > strides[y]; });
    return wrap_strides(order);
  });
}

PyObject* as_subclass(PyObject* self, PyObject* cls) {
  return guarded([&] {
    if (!PyType_Check(cls)) fail(PyExc_TypeError, "cls must be a type (got %s)", type_name(cls).c_str());
    auto* type = reinterpret_cast<PyTypeObject*>(cls);
    check_subclass(type);
    return wrap_as(type, alias(tensor_of(self)));
  });
}

}  // namespace

PyObject* tensor_repr(PyObject* self) {
  return guarded([&]() -> PyObject* {
    if (overridden(self)) return override_method("__repr__", {self});
    static PyObject* function = imported("gradus._tensor_str", "_str");
    return PyObject_CallOneArg(function, self);
  });
}

Py_ssize_t tensor_length(PyObject* self) {
  if (overridden(self)) {
    Ref length(guarded([&] { return override_method("__len__", {self}); }));
    return length ? PyLong_AsSsize_t(length.get()) : -1;
  }
  const Tensor& t = tensor_of(self);
  if (t.dim() == 0) {
    PyErr_SetString(PyExc_TypeError, "len() of a 0-d tensor");
    return -1;
  }
  return t.sizes()[0];
}

// PyTorch asks for the number of dims and unbinds: functions of their own.
PyObject* override_iteration(PyObject* self) {
  Ref ndim = own(override_method("dim", {self}));
  if (PyLong_Check(ndim.get()) && PyLong_AsLong(ndim.get()) == 0) fail(PyExc_TypeError, "iteration over a 0-d tensor");
  Ref rows = own(override_method("unbind", {self, own(PyLong_FromLong(0)).get()}));
  return PyObject_GetIter(rows.get());
}
PyObject* tensor_iter(PyObject* self) {
  return guarded([&] {
    if (overridden(self)) return override_iteration(self);
    const Tensor& t = tensor_of(self);
    if (t.dim() == 0) fail(PyExc_TypeError, "iteration over a 0-d tensor");
    Ref rows = own(wrap_list(unbind(t, 0)));
    return PyObject_GetIter(rows.get());
  });
}

int tensor_contains(PyObject* self, PyObject* element) {
  int found = 0;
  const int status = guarded_status([&] {
    if (overridden(self)) {
      Ref answer = own(override_method("__contains__", {self, element}));
      found = PyObject_IsTrue(answer.get());
      return ensure(found >= 0);
    }
    if (!is_tensor(element) && !is_number(element))
      fail(PyExc_RuntimeError, "Tensor.__contains__ only supports Tensor or scalar, but you passed in a %R.",
           Py_TYPE(element));
    const Tensor& t = tensor_of(self);
    const Tensor hits = is_tensor(element) ? eq(t, tensor_of(element)) : eq(t, to_scalar(element));
    found = any(hits).item().to_bool();
  });
  return status < 0 ? -1 : found;
}

PyMethodDef tensor_methods[] = {
    {"size", as_method(&size), kFast, "The sizes, or the size of one dim."},
    {"stride", as_method(&stride), kFast, "The strides in elements, or the stride of one dim."},
    {"dim", &dim, METH_NOARGS, "Number of dims."},
    {"ndimension", &dim, METH_NOARGS, "Number of dims."},
    {"numel", &numel, METH_NOARGS, "Number of elements."},
    {"nelement", &numel, METH_NOARGS, "Number of elements."},
    {"storage_offset", &storage_offset, METH_NOARGS, "Position of the first element in the storage."},
    {"element_size", &element_size, METH_NOARGS, "Bytes of one element."},
    {"data_ptr", &data_ptr, METH_NOARGS, "Address of the first element."},
    {"is_floating_point", &is_floating_point, METH_NOARGS, nullptr},
    {"is_inference", &is_inference, METH_NOARGS, "True if it was made in inference mode."},
    {"is_pinned", &returns_false, METH_NOARGS, nullptr},
    {"is_shared", &tensor_is_shared, METH_NOARGS, "True if forked processes see the same memory."},
    {"is_contiguous", as_method(&is_contiguous), kFast, "True if the elements lie in row-major order."},
    {"get_device", &get_device, METH_NOARGS, nullptr},
    {"pin_memory", &returns_self, METH_NOARGS, nullptr},
    {"share_memory_", &tensor_share_memory, METH_NOARGS, "Moves the data to memory that forked processes share."},
    {"untyped_storage", &tensor_untyped_storage, METH_NOARGS, "The bytes under this tensor."},
    {"item", &item, METH_NOARGS, "The single element as a Python number."},
    {"tolist", &tolist, METH_NOARGS, "Nested lists of Python numbers."},
    {"numpy", as_method(&numpy), kFast, "A NumPy array over the same memory."},
    {"__array__", as_method(&array), kFast, nullptr},
    {"__array_wrap__", as_method(&array_wrap), METH_FASTCALL, nullptr},
    {"__complex__", &complex_, METH_NOARGS, nullptr},
    {"__format__", &format, METH_O, nullptr},
    {"__delitem__", &delete_item, METH_O, nullptr},
    {"__reversed__", &reversed, METH_NOARGS, nullptr},
    {"requires_grad_", as_method(&requires_grad_), kFast, "Switches the recording of gradients."},
    {"detach_", &detach_in_place, METH_NOARGS, "Takes this tensor out of the graph."},
    {"_is_view", &is_view, METH_NOARGS, "True for a view that autograd knows of."},
    {"retain_grad", &retain_grad, METH_NOARGS, "Keeps .grad of a tensor that is no leaf."},
    {"register_hook", &tensor_register_hook, METH_O, "Calls a function with the gradient of this tensor."},
    {"register_post_accumulate_grad_hook", &tensor_register_post_accumulate_grad_hook, METH_O,
     "Calls a function with this leaf whenever backward has added to its .grad."},
    {"backward", as_method(&tensor_backward), kFast, "Adds the gradients of this tensor to its leaves."},
    {"to", as_method(&tensor_to), kFast, "Converts dtype or device."},
    {"type", as_method(&tensor_type_method), kFast, "The type's name, or a conversion."},
    {"float", as_method(&tensor_to_float), kFast, nullptr},
    {"double", as_method(&tensor_to_double), kFast, nullptr},
    {"half", as_method(&tensor_to_half), kFast, nullptr},
    {"bfloat16", as_method(&tensor_to_bfloat16), kFast, nullptr},
    {"long", as_method(&tensor_to_long), kFast, nullptr},
    {"int", as_method(&tensor_to_int), kFast, nullptr},
    {"short", as_method(&tensor_to_short), kFast, nullptr},
    {"char", as_method(&tensor_to_char), kFast, nullptr},
    {"byte", as_method(&tensor_to_byte), kFast, nullptr},
    {"bool", as_method(&tensor_to_bool), kFast, nullptr},
    {"cpu", as_method(&tensor_cpu), kFast, nullptr},
    {"cuda", as_method(&tensor_cuda), kFast, nullptr},
    {"new_tensor", as_method(&tensor_new_tensor), kFast, "A fresh tensor of this dtype from data."},
    {"new", as_method(&tensor_new_method), kFast, "A tensor of this dtype, as Tensor(...) makes it."},
    {"dim_order", as_method(&dim_order), kFast, "The dims in the order of memory."},
    {"apply_", &apply, METH_O, "Replaces every element by what a Python function makes of it."},
    {"map_", as_method(&map), METH_FASTCALL, "Replaces every element by a Python function of it and another."},
    {"map2_", as_method(&map), METH_FASTCALL, "Replaces every element by a Python function of it and two others."},
    {"const_data_ptr", &data_ptr, METH_NOARGS, "Address of the first element."},
    {"as_subclass", &as_subclass, METH_O, "The same tensor as an object of a subclass."},
    {"_make_subclass", as_method(&make_subclass), kFast | METH_STATIC, nullptr},
    {}};

}  // namespace gradus::py
