// x[...] and x[...] = v: integers, slices, ellipsis and None become views, tensors and lists become advanced indexing.
#include "gradus/core/format.h"
#include "gradus/core/geometry.h"
#include "gradus/gen/functions.h"
#include "python/bindings/creation.h"
#include "python/bindings/torch_function.h"
#include "python/bindings/values.h"

namespace gradus::py {

namespace {

using OptInt = std::optional<int64_t>;

bool is_mask(const Tensor& t) { return t.dtype() == DType::Bool || t.dtype() == DType::UInt8; }

Tensor select_at(const Tensor& t, int64_t dim, int64_t index, int64_t real_dim) {
  if (dim == 0 && t.dim() == 0)
    raise(ErrorKind::Index,
          "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to convert a "
          "0-dim tensor to a number");
  const int64_t size = t.sizes()[dim];
  check_as(ErrorKind::Index, index >= -size && index < size, "index ", index, " is out of bounds for dimension ",
           real_dim, " with size ", size);
  return select(t, dim, index);
}

OptInt bound(PyObject* o) {
  if (o == Py_None) return {};
  if (PyLong_Check(o)) {  // far outside is clipped, as Python's own slices do
    int overflow = 0;
    const long long v = PyLong_AsLongLongAndOverflow(o, &overflow);
    return overflow > 0 ? INT64_MAX : overflow < 0 ? INT64_MIN : v;
  }
  if (!is_index(o)) fail(PyExc_TypeError, "slice indices must be integers or None or have an __index__ method");
  return to_int(o);
}

Tensor slice_of(const Tensor& t, int64_t dim, PyObject* index) {
  auto* s = reinterpret_cast<PySliceObject*>(index);
  const int64_t step = bound(s->step).value_or(1);
  check_as(ErrorKind::Value, step != 0, "slice step cannot be zero");
  check_as(ErrorKind::Value, step > 0, "step must be greater than zero");
  const OptInt start = bound(s->start), stop = bound(s->stop);
  if (!start && !stop && step == 1 && t.dim()) return t;  // all of it
  return slice(t, dim, start, stop, step);
}

// A list counts as a tuple of indices if it holds anything that only makes sense there.
bool list_is_tuple(PyObject* index) {
  if (PyTuple_Check(index)) return true;
  if (is_tensor(index) || !PyList_Check(index)) return false;
  const Py_ssize_t n = PyList_GET_SIZE(index);
  if (n >= 32) return false;
  for (Py_ssize_t i = 0; i < n; ++i) {
    PyObject* item = PyList_GET_ITEM(index, i);
    if (is_tensor(item) || PySlice_Check(item) || item == Py_Ellipsis || item == Py_None ||
        (PySequence_Check(item) && !PyUnicode_Check(item)))
      return true;
  }
  return false;
}

Tensor index_tensor(PyObject* o) {
  if (is_tensor(o)) return tensor_of(o);
  if (is_ndarray(o)) return tensor_from_ndarray(o, false);
  const Py_ssize_t n = PySequence_Size(o);
  ensure(n >= 0);
  if (n == 0) return empty(0, DType::Int64);
  return tensor_from_data(o, {});
}

/// The views and index tensors that an index stands for.
class Selection {
 public:
  Selection(const Tensor& self, PyObject* index) : view(self) {
    if (list_is_tuple(index)) {
      Ref items = own(PySequence_Fast(index, "index"));
      PyObject** list = PySequence_Fast_ITEMS(items.get());
      apply(list, PySequence_Fast_GET_SIZE(items.get()));
    } else {
      if (PySlice_Check(index) && self.dim() == 0)
        raise(ErrorKind::Index, "slice() cannot be applied to a 0-dim tensor.");
      apply(&index, 1);
    }
  }
  bool advanced() const { return !indices.empty(); }

  Tensor view;
  Tensors indices;  // undefined where a dim is taken whole

 private:
  int64_t dims_taken(PyObject* o) {
    if (o == Py_None || o == Py_Ellipsis || PyBool_Check(o)) return 0;
    if (is_tensor(o) && is_mask(tensor_of(o))) return tensor_of(o).dim();
    return 1;
  }

  void apply(PyObject* const* items, Py_ssize_t n) {
    int64_t taken = 0;
    for (Py_ssize_t i = 0; i < n; ++i) taken += dims_taken(items[i]);
    const int64_t ndim = view.dim();
    check_as(ErrorKind::Index, taken <= ndim, "too many indices for tensor of dimension ", ndim);
    for (Py_ssize_t i = 0; i < n; ++i) take(items[i], ndim - taken);
  }

  void take(PyObject* o, int64_t missing) {
    if (PySlice_Check(o)) {
      view = slice_of(view, dim++, o);
      ++real_dim;
    } else if (o == Py_None) {
      view = unsqueeze(view, dim++);
      ++real_dim;
    } else if (o == Py_Ellipsis) {
      dim += missing;
      real_dim += missing;
    } else if (PyBool_Check(o)) {
      take_flag(o == Py_True);
    } else if (is_int(o)) {
      view = select_at(view, dim, to_int(o), real_dim++);
    } else if (is_tensor(o)) {
      take_tensor(tensor_of(o));
    } else if (PySequence_Check(o)) {
      take_tensor(index_tensor(o));
    } else {
      take_other(o);
    }
  }

  void take_flag(bool flag) {
    ++real_dim;
    view = unsqueeze(view, dim);
    record(flag ? scalar_row() : empty(0, DType::Int64));
  }
  static Tensor scalar_row() {
    Tensor t = empty(1, DType::Int64);
    *static_cast<int64_t*>(t.settled_data()) = 0;
    return t;
  }

  void take_tensor(const Tensor& t) {
    if (t.dim() == 0 && !is_floating(t.dtype())) {
      if (t.dtype() == DType::Bool || t.dtype() == DType::UInt8) {
        if (t.dtype() == DType::Bool) return take_flag(t.item().to_bool());
      }
      view = select_at(view, dim, t.item().to_int(), real_dim++);
      return;
    }
    real_dim += is_mask(t) ? t.dim() : 1;
    record(t);
    if (is_mask(t)) dim += t.dim() - 1;
  }

  void take_other(PyObject* o) {
    Ref index(PyNumber_Index(o));
    if (!index) {
      PyErr_Clear();
      fail(PyExc_IndexError,
           "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices (got %s)",
           type_name(o).c_str());
    }
    view = select_at(view, dim, to_int(index.get()), real_dim++);
  }

  void record(Tensor t) {
    if (static_cast<int64_t>(indices.size()) <= dim) indices.resize(static_cast<size_t>(dim) + 1);
    indices[static_cast<size_t>(dim++)] = static_cast<Tensor&&>(t);
  }

  int64_t dim = 0, real_dim = 0;  // real_dim counts what messages call a dimension
};

// A mask takes several dims of the indexed tensor but one entry of the list that index() expects.
Tensors packed(const Tensors& indices) {
  Tensors out;
  for (size_t i = 0; i < indices.size(); ++i) {
    out.push_back(indices[i]);
    if (indices[i].defined() && is_mask(indices[i]) && indices[i].dim() > 1)
      i += static_cast<size_t>(indices[i].dim()) - 1;
  }
  return out;
}

// ---- assignment

std::string torch_type(DType t) {
  static constexpr const char* names[] = {"Bool", "Byte", "Char",     "Short", "Int",
                                          "Long", "Half", "BFloat16", "Float", "Double"};
  return std::string("torch.") + names[static_cast<int>(t)] + "Tensor";
}

Tensor without_leading_ones(const Tensor& t) {
  const IntList sizes = t.sizes();
  int64_t first = 0;
  while (first < sizes.size() && sizes[first] == 1) ++first;
  return first ? gradus::view(t, IntList(sizes.data() + first, sizes.size() - first)) : t;
}

void assign(const Tensor& to, const Tensor& value) {
  if (to.sizes() == value.sizes()) copy_(to, value, false);
  else if (value.dim() == 0) fill_(to, value);
  else copy_(to, expand(without_leading_ones(value), to.sizes(), false), false);
}

// The tensor or something in the index overrides.
bool index_overrides(PyObject* self, PyObject* index) {
  if (overrides(self)) return true;
  if (PyLong_CheckExact(index) || PySlice_Check(index)) return false;
  Overloaded found;
  found.add_any(index);
  return found.n;
}

}  // namespace

PyObject* tensor_getitem(PyObject* self, PyObject* index) {
  return guarded([&] {
    if (function_mode_active() || index_overrides(self, index)) [[unlikely]]
      return override_method("__getitem__", {self, index});
    const Tensor& t = tensor_of(self);
    if (PyLong_CheckExact(index)) return wrap(select_at(t, 0, to_int(index), 0));
    Selection s(t, index);
    if (s.advanced()) return wrap(gradus::index(s.view, packed(s.indices)));
    return wrap(s.view.is_same(t) ? alias(t) : static_cast<Tensor&&>(s.view));
  });
}

int tensor_setitem(PyObject* self, PyObject* index, PyObject* value) {
  return guarded_status([&] {
    if (value && (function_mode_active() || index_overrides(self, index) || overrides(value))) [[unlikely]] {
      Ref done(override_method("__setitem__", {self, index, value}));
      return;
    }
    const Tensor& t = tensor_of(self);
    if (!value) fail(PyExc_TypeError, "Tensor does not support deleting items");
    const bool number = is_number(value);
    if (!number && !is_tensor(value))
      fail(PyExc_TypeError, "can't assign a %s to a %s", type_name(value).c_str(), torch_type(t.dtype()).c_str());
    Selection s(t, index);
    if (!s.advanced()) {
      if (number) fill_(s.view, to_scalar(value));
      else assign(s.view, tensor_of(value));
      return;
    }
    const Tensor values =
        number ? gradus::scalar_tensor(to_scalar(value), t.dtype()) : without_leading_ones(tensor_of(value));
    index_put_(s.view, packed(s.indices), values, false);
  });
}

}  // namespace gradus::py
