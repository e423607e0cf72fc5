// Attributes of Tensor: shape, dtype, grad, grad_fn, data and the like.
#include "gradus/core/format.h"
#include "gradus/core/node.h"
#include "gradus/gen/functions.h"
#include "gradus/ops/pointwise_check.h"
#include "python/bindings/autograd.h"
#include "python/bindings/creation.h"
#include "python/bindings/tensor_type.h"
#include "python/bindings/types.h"

namespace gradus::py {

namespace {

PyObject* get_shape(PyObject* self, void*) {
  return guarded([&] { return wrap_size(tensor_of(self).sizes()); });
}
PyObject* get_dtype(PyObject* self, void*) { return wrap(tensor_of(self).dtype()); }
PyObject* get_device(PyObject*, void*) { return cpu_device(); }
PyObject* get_layout(PyObject*, void*) { return strided_layout(); }
PyObject* get_ndim(PyObject* self, void*) { return PyLong_FromLongLong(tensor_of(self).dim()); }
PyObject* get_itemsize(PyObject* self, void*) { return PyLong_FromLongLong(tensor_of(self).element_size()); }
PyObject* get_nbytes(PyObject* self, void*) {
  return PyLong_FromLongLong(tensor_of(self).element_size() * tensor_of(self).numel());
}
PyObject* get_version(PyObject* self, void*) {
  return guarded([&] { return PyLong_FromUnsignedLong(tensor_of(self).version()); });
}
PyObject* get_is_leaf(PyObject* self, void*) {
  return guarded([&] { return boolean(tensor_of(self).is_leaf()); });
}
PyObject* get_output_nr(PyObject* self, void*) { return PyLong_FromUnsignedLong(tensor_of(self).impl()->out_nr); }
PyObject* get_retains_grad(PyObject* self, void*) {
  return guarded([&] { return boolean(tensor_of(self).retains_grad()); });
}
PyObject* get_base(PyObject* self, void*) {
  return guarded([&] { return wrap(tensor_of(self).base()); });
}
PyObject* always_true(PyObject*, void*) { Py_RETURN_TRUE; }
PyObject* always_false(PyObject*, void*) { Py_RETURN_FALSE; }
PyObject* always_none(PyObject*, void*) { Py_RETURN_NONE; }
PyObject* array_priority(PyObject*, void*) { return PyLong_FromLong(1000); }

PyObject* get_grad_fn(PyObject* self, void*) {
  return guarded([&]() -> PyObject* {
    TensorImpl* impl = tensor_of(self).impl();
    return impl->is_leaf() && !impl->meta ? none() : wrap_node(tensor_of(self).grad_fn());
  });
}

PyObject* get_requires_grad(PyObject* self, void*) {
  return guarded([&] { return boolean(tensor_of(self).requires_grad()); });
}
int set_requires_grad(PyObject* self, PyObject* value, void*) {
  return guarded_status([&] {
    if (!value || !PyBool_Check(value)) fail(PyExc_RuntimeError, "requires_grad must be a bool");
    const Tensor& t = tensor_of(self);
    if (value == Py_True && !is_floating(t.dtype()))
      fail(PyExc_RuntimeError, "only Tensors of floating point and complex dtype can require gradients");
    t.requires_grad_(value == Py_True);
  });
}

PyObject* get_grad(PyObject* self, void*) {
  return guarded([&] {
    const Tensor& t = tensor_of(self);
    if (!t.is_leaf() && !t.retains_grad() && !(t.impl()->meta && t.impl()->meta->grad))
      ensure(PyErr_WarnEx(PyExc_UserWarning,
                          "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad "
                          "attribute won't be populated during autograd.backward(). If you indeed want the .grad field "
                          "to be populated for a non-leaf Tensor, use .retain_grad() on the non-leaf Tensor. If you "
                          "access the non-leaf Tensor by mistake, make sure you access the leaf Tensor instead. See "
                          "github.com/pytorch/pytorch/pull/30531 for more information.",
                          1) == 0);
    return wrap(t.grad());
  });
}
void check_grad(const Tensor& t, const Tensor& grad) {
  check(
      grad.dtype() == t.dtype(), "attempting to assign a gradient with dtype '", cpp_type_name(grad.dtype()),
      "' to a tensor with grad_dtype '", t.dtype(),
      "'. The gradient must match the tensor's grad_dtype (defaults to the tensor's dtype). You can set the tensor's "
      "grad_dtype attribute with a specific dtype, or None to allow any dtype. Set grad_dtype with caution. Diverging "
      "the dtypes of a tensor and its gradient may break downstream systems that assume they match.");
  check(grad.sizes() == t.sizes(), "attempting to assign a gradient of size '", grad.sizes(), "' to a tensor of size '",
        t.sizes(), "'. Please ensure that the gradient and the tensor are the same size");
}
int set_grad(PyObject* self, PyObject* value, void*) {
  return guarded_status([&] {
    const Tensor& t = tensor_of(self);
    if (!value || value == Py_None) return t.set_grad({});
    if (!is_tensor(value))
      fail(PyExc_TypeError, "assigned grad expected to be a Tensor or None but got grad of type %s",
           type_name(value).c_str());
    if (value == self) fail(PyExc_RuntimeError, "can't assign Variable as its own grad");
    check_grad(t, tensor_of(value));
    t.set_grad(tensor_of(value));
  });
}

PyObject* get_data(PyObject* self, void*) {
  return guarded([&] { return wrap(tensor_of(self).variable_data()); });
}
int set_data(PyObject* self, PyObject* value, void*) {
  return guarded_status([&] {
    if (!value) fail(PyExc_RuntimeError, "Deleting tensor data is not allowed. Delete tensor instead!");
    if (!is_tensor(value))
      fail(PyExc_TypeError, "Variable data has to be a tensor, but got %s", type_name(value).c_str());
    tensor_of(self).set_data(tensor_of(value));
  });
}

void deprecated(const char* text) { ensure(PyErr_WarnEx(PyExc_UserWarning, text, 1) == 0); }

PyObject* get_transposed(PyObject* self, void*) {
  return guarded([&] {
    static bool warned[2] = {};
    const Tensor& t = tensor_of(self);
    if (t.dim() != 2 && t.dim() != 1 && !warned[t.dim() == 0]) {
      warned[t.dim() == 0] = true;
      deprecated(t.dim() ? "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is deprecated "
                           "and it will throw an error in a future release. Consider `x.mT` to transpose batches of "
                           "matrices or `x.permute(*torch.arange(x.ndim - 1, -1, -1))` to reverse the dimensions of a "
                           "tensor."
                         : "Tensor.T is deprecated on 0-D tensors. This function is the identity in these cases.");
    }
    Dims order(t.dim(), 0);
    for (int64_t i = 0; i < t.dim(); ++i) order[i] = t.dim() - 1 - i;
    return wrap(permute(t, order));
  });
}
// mT and mH; numbers are real.
PyObject* get_matrix_transposed(PyObject* self, void* name) {
  return guarded([&] {
    const Tensor& t = tensor_of(self);
    if (t.dim() == 0) {
      static bool warned = false;
      if (!warned) deprecated("Tensor.mT is deprecated on 0-D tensors. This function is the identity in these cases.");
      warned = true;
      return Py_INCREF(self), self;
    }
    check(t.dim() >= 2, "tensor.", static_cast<const char*>(name),
          " is only supported on matrices or batches of matrices. Got ", t.dim(), "-D tensor.");
    return wrap(transpose(t, -2, -1));
  });
}
PyObject* get_mt(PyObject* self, void*) { return get_matrix_transposed(self, const_cast<char*>("mT")); }
PyObject* get_mh(PyObject* self, void*) { return get_matrix_transposed(self, const_cast<char*>("mH")); }
PyObject* get_h(PyObject* self, void*) {
  return guarded([&] {
    const Tensor& t = tensor_of(self);
    if (t.dim() == 0) {
      static bool warned = false;
      if (!warned) deprecated("Tensor.H is deprecated on 0-D tensors. Consider using x.conj().");
      warned = true;
      return Py_INCREF(self), self;
    }
    check(t.dim() == 2, "tensor.H is only supported on matrices (2-D tensors). Got ", t.dim(), "-D tensor.",
          t.dim() > 2 ? " For batches of matrices, consider using tensor.mH" : "");
    return wrap(transpose(t, 0, 1));
  });
}
PyObject* get_imag(PyObject* self, void*) {
  return guarded([&] { return wrap(imag(tensor_of(self))); });
}
PyObject* get_cuda_interface(PyObject* self, void*) {
  return PyErr_Format(PyExc_AttributeError,
                      "Can't get __cuda_array_interface__ on non-CUDA tensor type: torch.%s If CUDA data is required "
                      "use tensor.cuda() to copy tensor to device memory.",
                      tensor_kind_name(tensor_of(self).dtype()));
}
PyObject* get_real(PyObject* self, void*) {
  Py_INCREF(self);
  return self;
}
PyObject* get_name(PyObject*, void*) { Py_RETURN_NONE; }

}  // namespace

PyGetSetDef tensor_attributes[] = {
    {"shape", &get_shape, nullptr, "Sizes of the dims.", nullptr},
    {"dtype", &get_dtype, nullptr, "Type of the elements.", nullptr},
    {"device", &get_device, nullptr, "Where the data lives.", nullptr},
    {"layout", &get_layout, nullptr, nullptr, nullptr},
    {"ndim", &get_ndim, nullptr, "Number of dims.", nullptr},
    {"itemsize", &get_itemsize, nullptr, "Bytes of one element.", nullptr},
    {"nbytes", &get_nbytes, nullptr, "Bytes of all elements.", nullptr},
    {"_version", &get_version, nullptr, "Counts changes in place.", nullptr},
    {"is_leaf", &get_is_leaf, nullptr, nullptr, nullptr},
    {"output_nr", &get_output_nr, nullptr, nullptr, nullptr},
    {"retains_grad", &get_retains_grad, nullptr, nullptr, nullptr},
    {"_base", &get_base, nullptr, "The tensor of which this is a view, or None.", nullptr},
    {"grad_fn", &get_grad_fn, nullptr, "The graph node that produced this tensor, or None.", nullptr},
    {"requires_grad", &get_requires_grad, &set_requires_grad, nullptr, nullptr},
    {"grad", &get_grad, &set_grad, "The accumulated gradient, or None.", nullptr},
    {"_grad", &get_grad, &set_grad, nullptr, nullptr},
    {"data", &get_data, &set_data, "The same memory outside the graph.", nullptr},
    {"T", &get_transposed, nullptr, "All dims reversed.", nullptr},
    {"mT", &get_mt, nullptr, "The last two dims exchanged.", nullptr},
    {"mH", &get_mh, nullptr, "The last two dims exchanged.", nullptr},
    {"H", &get_h, nullptr, "The transpose of a matrix.", nullptr},
    {"imag", &get_imag, nullptr, nullptr, nullptr},
    {"grad_dtype", &get_dtype, nullptr, "The dtype that the gradient has.", nullptr},
    {"__cuda_array_interface__", &get_cuda_interface, nullptr, nullptr, nullptr},
    {"real", &get_real, nullptr, nullptr, nullptr},
    {"name", &get_name, nullptr, nullptr, nullptr},
    {"is_cpu", &always_true, nullptr, nullptr, nullptr},
    {"is_cuda", &always_false, nullptr, nullptr, nullptr},
    {"is_mps", &always_false, nullptr, nullptr, nullptr},
    {"is_xpu", &always_false, nullptr, nullptr, nullptr},
    {"is_meta", &always_false, nullptr, nullptr, nullptr},
    {"is_sparse", &always_false, nullptr, nullptr, nullptr},
    {"is_sparse_csr", &always_false, nullptr, nullptr, nullptr},
    {"is_quantized", &always_false, nullptr, nullptr, nullptr},
    {"is_mkldnn", &always_false, nullptr, nullptr, nullptr},
    {"is_nested", &always_false, nullptr, nullptr, nullptr},
    {"is_ipu", &always_false, nullptr, nullptr, nullptr},
    {"is_xla", &always_false, nullptr, nullptr, nullptr},
    {"is_vulkan", &always_false, nullptr, nullptr, nullptr},
    {"is_maia", &always_false, nullptr, nullptr, nullptr},
    {"is_mtia", &always_false, nullptr, nullptr, nullptr},
    {"_backward_hooks", &always_none, nullptr, nullptr, nullptr},
    {"__array_priority__", &array_priority, nullptr, nullptr, nullptr},
    {}};

}  // namespace gradus::py
