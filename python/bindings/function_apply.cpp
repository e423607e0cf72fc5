// Function.apply: calls a Python-defined forward and hangs its results on a node whose walk calls backward.
#include <vector>

#include "gradus/core/format.h"
#include "gradus/core/modes.h"
#include "gradus/gen/functions.h"
#include "gradus/ops/funnel.h"
#include "gradus/ops/rule.h"
#include "python/bindings/function.h"
#include "python/bindings/tensor_type.h"
#include "python/bindings/values.h"

namespace gradus::py {

namespace {

PyObject *forward_name, *setup_name, *contexts_name, *view_as_name, *detach_name;

using Objects = std::vector<PyObject*>;

bool contains(PyObject* tuple, PyObject* object) {
  for (Py_ssize_t i = 0; tuple && i < PyTuple_GET_SIZE(tuple); ++i)
    if (PyTuple_GET_ITEM(tuple, i) == object) return true;
  return false;
}

// One call: what is known before forward runs, and how its results become part of the graph.
class Call {
 public:
  Call(const FunctionClass* kind, PyObject* const* args, Py_ssize_t n, bool separate)
      : kind_(kind), args_(args), n_(n), separate_(separate), self_(new_function(kind)) {
    describe_arguments();
  }
  ~Call() {
    for (const Edge& e : edges_)
      if (e.node) drop(e.node);
  }
  Call(const Call&) = delete;

  Ref forward(PyObject* function, PyObject* setup);
  PyObject* finish(PyObject* raw);

 private:
  PyFunction& ctx() { return *as_function(self_.get()); }
  bool is_argument(PyObject* o) const {
    for (Py_ssize_t i = 0; i < n_; ++i)
      if (args_[i] == o) return true;
    return false;
  }
  void describe_arguments();
  void check_marks();
  void check_saved();
  void make_node(Py_ssize_t n_out);
  Ref result(PyObject* item, int nr);
  Ref history(PyObject* item, int nr, bool input, bool dirty);
  void modify(PyObject* item, int nr, bool input);
  Ref view_of(PyObject* item);
  void save();
  char16_t save_one(PyObject* item, int slot);

  const FunctionClass* kind_;
  PyObject* const* args_;
  Py_ssize_t n_;
  bool separate_;
  Ref self_;
  std::vector<Edge> edges_;
  uint64_t sequence_ = 0;
  bool recording_ = false;
  Node* node_ = nullptr;
  Py_ssize_t n_results_ = 0, n_differentiable_ = 0;
};

void Call::describe_arguments() {
  PyFunction& f = ctx();
  f.needs_input_grad = own(PyTuple_New(n_)).release();
  f.inputs.resize(static_cast<size_t>(n_), PyFunction::kOther);
  for (Py_ssize_t i = 0; i < n_; ++i) {
    const bool tensor = is_tensor(args_[i]);
    const bool wants = tensor && tensor_of(args_[i]).requires_grad();
    PyTuple_SET_ITEM(f.needs_input_grad, i, boolean(wants));
    if (tensor) f.inputs[static_cast<size_t>(i)] = PyFunction::kTensor;
    recording_ |= wants;
  }
  recording_ &= is_grad_enabled();
  if (!recording_) return;
  sequence_ = gradus::detail::modes.sequence++;
  for (Py_ssize_t i = 0; i < n_; ++i) {
    if (!is_tensor(args_[i])) continue;
    edges_.emplace_back();
    TensorImpl* t = tensor_of(args_[i]).impl();
    if (!t->requires_grad()) continue;
    if (t->meta && t->meta->base) current_node(t);
    const Edge e = gradient_edge(t);
    if (e.node) ref_inc(e.node->refs);
    edges_.back() = e;
  }
}

Ref Call::forward(PyObject* function, PyObject* setup) {
  const GradMode guard(false);
  Objects arguments;
  if (!separate_) arguments.push_back(self_.get());
  arguments.insert(arguments.end(), args_, args_ + n_);
  Ref raw = own(PyObject_Vectorcall(function, arguments.data(), arguments.size(), nullptr));
  if (!separate_) return raw;
  Ref inputs = own(PyTuple_New(n_));
  for (Py_ssize_t i = 0; i < n_; ++i) {
    Py_INCREF(args_[i]);
    PyTuple_SET_ITEM(inputs.get(), i, args_[i]);
  }
  PyObject* all[] = {self_.get(), inputs.get(), raw.get()};
  own(PyObject_Vectorcall(setup, all, 3, nullptr));
  return raw;
}

void check_tuple(PyObject* o, const char* name) {
  check(!o || o == Py_None || PyTuple_Check(o), "autograd internal error: ", name,
        " attribute is expected to be a tuple but is ", o ? type_name(o) : "");
}

void Call::check_saved() {
  PyFunction& f = ctx();
  if (f.to_save == Py_None) Py_CLEAR(f.to_save);
  check_tuple(f.to_save, "to_save");
  for (Py_ssize_t i = 0; f.to_save && i < PyTuple_GET_SIZE(f.to_save); ++i) {
    PyObject* item = PyTuple_GET_ITEM(f.to_save, i);
    if (item != Py_None && !is_tensor(item))
      fail(PyExc_TypeError, "save_for_backward can only save variables, but argument %zd is of type %s", i,
           type_name(item).c_str());
  }
}

// The texts of the two refusals end where PyTorch's end.
void Call::check_marks() {
  PyFunction& f = ctx();
  if (f.non_differentiable == Py_None) Py_CLEAR(f.non_differentiable);
  if (f.dirty == Py_None) Py_CLEAR(f.dirty);
  check_tuple(f.non_differentiable, "non_differentiable");
  check_tuple(f.dirty, "dirty_tensors");
  for (Py_ssize_t i = 0; f.non_differentiable && i < PyTuple_GET_SIZE(f.non_differentiable); ++i)
    check(is_tensor(PyTuple_GET_ITEM(f.non_differentiable, i)),
          "mark_non_differentiable only accepts variable arguments, but got ");
  for (Py_ssize_t i = 0; f.dirty && i < PyTuple_GET_SIZE(f.dirty); ++i)
    check(is_tensor(PyTuple_GET_ITEM(f.dirty, i)), "mark_dirty can only accept variables, but argument ");
  for (Py_ssize_t i = 0; f.dirty && i < PyTuple_GET_SIZE(f.dirty); ++i)
    bump_version(tensor_of(PyTuple_GET_ITEM(f.dirty, i)).impl());
}

void Call::make_node(Py_ssize_t n_out) {
  PyFunction& f = ctx();
  const int n_saved = f.to_save ? static_cast<int>(PyTuple_GET_SIZE(f.to_save)) : 0;
  node_ = attach_node(&f, static_cast<int>(edges_.size()), n_saved, static_cast<int>(n_out));
  node_->seq = sequence_;
  for (size_t i = 0; i < edges_.size(); ++i) node_->next()[i] = edges_[i];
  edges_.clear();
}

// A new tensor object over an input that forward returned as it was. Subclasses make it themselves.
Ref Call::view_of(PyObject* item) {
  check(!separate_ || !contains(ctx().to_save, item),
        "An input that has been returned as-is as output is being saved for backward. This is not supported if you "
        "override setup_context. You should return and save a view of the input instead, e.g. with x.view_as(x) or "
        "setup ctx inside the forward function itself.");
  const GradMode guard(false);
  if (Py_TYPE(item) == tensor_type) {
    const Tensor& t = tensor_of(item);
    return own(wrap(make_view(t, geometry_of(t))));
  }
  PyObject* arguments[] = {item, item};
  return own(PyObject_VectorcallMethod(view_as_name, arguments, 2, nullptr));
}

void Call::modify(PyObject* item, int nr, bool input) {
  TensorImpl* t = tensor_of(item).impl();
  const bool view = t->meta && t->meta->base;
  check(!t->is_leaf() || !t->requires_grad(),
        "a leaf Variable that requires grad has been used in an in-place operation.");
  if (!input)
    warn(
        "ctx.mark_dirty() received a tensor that was not an input. Only input Tensors that have been mutated should be "
        "passed to ctx.mark_dirty().");
  check(
      !view || n_results_ == 1,
      "If your Function modifies inplace an input that is a view of another Tensor, your Function cannot return more "
      "than one Tensor. This is not supported by the current autograd engine. You should either make sure the input "
      "is not a view (using .clone() for example) or make your Function only return one Tensor (potentially splitting "
      "it into two Functions: one doing the inplace that returns a single Tensor and a second one that does the other "
      "operations). You can ask on the forum https://discuss.pytorch.org/ if you need help to do this change.");
  check_inplace(t, true);
  ref_inc(node_->refs);
  rebase_history(t, node_, static_cast<uint32_t>(nr));
}

// Makes a differentiable result a child of the node.
Ref Call::history(PyObject* item, int nr, bool input, bool dirty) {
  Ref out = Ref::borrow(item);
  if (dirty) {
    modify(item, nr, input);
    return out;
  }
  if (input) out = view_of(item);
  ref_inc(node_->refs);
  set_history(tensor_of(out.get()).impl(), node_, static_cast<uint32_t>(nr));
  return out;
}

Ref Call::result(PyObject* item, int nr) {
  if (!is_tensor(item)) return Ref::borrow(item);
  const Tensor& t = tensor_of(item);
  const bool input = is_argument(item), dirty = contains(ctx().dirty, item);
  const bool differentiable = node_ && is_floating(t.dtype()) && !contains(ctx().non_differentiable, item);
  if (node_) {
    node_->out()[nr] = {t.dtype(), differentiable, Dims(t.sizes())};
    ctx().outputs[static_cast<size_t>(nr)] = PyFunction::kTensor;
  }
  Ref out;
  if (differentiable) {
    out = history(item, nr, input, dirty);
    n_differentiable_ += 1;
  } else if (!t.requires_grad()) {
    out = input && !dirty ? view_of(item) : Ref::borrow(item);
  } else if (input) {
    out = own(wrap(t.detach()));
  } else {
    if (!t.is_view()) own(PyObject_CallMethodNoArgs(item, detach_name));
    out = Ref::borrow(item);
  }
  const Tensor& made = tensor_of(out.get());
  if (!(input && dirty) && made.is_view()) made.impl()->meta->kind = ViewKind::Custom;
  if (differentiable) track(out.get());
  return out;
}

// Results have no handle: they would own the node that owns them.
char16_t Call::save_one(PyObject* item, int slot) {
  if (item == Py_None) return PyFunction::kNone;
  const Tensor& t = tensor_of(item);
  save_value(*node_, slot, t);
  if (t.impl()->node == node_) return static_cast<char16_t>(t.impl()->out_nr);
  if (!node_->saved()[slot].is_packed) return PyFunction::kHandle;
  int edge = 0;
  for (Py_ssize_t i = 0; i < n_; ++i) {
    if (args_[i] == item) return static_cast<char16_t>(PyFunction::kInput + edge);
    edge += is_tensor(args_[i]);
  }
  return PyFunction::kPacked;
}

void Call::save() {
  PyFunction& f = ctx();
  if (!f.to_save) return;
  const Py_ssize_t n = PyTuple_GET_SIZE(f.to_save);
  f.saved = own(PyTuple_New(n)).release();
  for (Py_ssize_t i = 0; i < n; ++i) {
    PyObject* item = PyTuple_GET_ITEM(f.to_save, i);
    f.slots.push_back(save_one(item, static_cast<int>(i)));
    PyObject* kept = f.slots.back() == PyFunction::kHandle ? item : Py_None;
    Py_INCREF(kept);
    PyTuple_SET_ITEM(f.saved, i, kept);
  }
}

PyObject* Call::finish(PyObject* raw) {
  PyFunction& f = ctx();
  const bool many = PyTuple_Check(raw);
  PyObject* const* items = many ? &PyTuple_GET_ITEM(raw, 0) : &raw;
  n_results_ = many ? PyTuple_GET_SIZE(raw) : 1;
  if (recording_) {
    check_saved();
    check_marks();
    make_node(n_results_);
    f.outputs.resize(static_cast<size_t>(n_results_), PyFunction::kOther);
  } else {
    check_marks();
  }
  Ref results = own(PyTuple_New(n_results_));
  for (Py_ssize_t i = 0; i < n_results_; ++i)
    PyTuple_SET_ITEM(results.get(), i, result(items[i], static_cast<int>(i)).release());
  if (n_differentiable_ > 1)
    for (Py_ssize_t i = 0; i < n_results_; ++i)
      if (PyObject* o = PyTuple_GET_ITEM(results.get(), i); is_tensor(o) && tensor_of(o).is_view())
        tensor_of(o).impl()->meta->kind = ViewKind::MultiOutput;
  for (Py_ssize_t i = 0; f.dirty && i < PyTuple_GET_SIZE(f.dirty); ++i) {
    bool returned = false;
    for (Py_ssize_t k = 0; k < n_results_; ++k) returned |= items[k] == PyTuple_GET_ITEM(f.dirty, i);
    check(returned,
          "Some elements marked as dirty during the forward method were not returned as output. The inputs that are "
          "modified inplace must all be outputs of the Function.");
  }
  if (node_) save();
  Py_CLEAR(f.to_save);
  Py_CLEAR(f.saved_for_forward);
  if (many) return results.release();
  return Ref::borrow(PyTuple_GET_ITEM(results.get(), 0)).release();
}

// ---- arguments

// Keyword arguments go to the positions of forward's parameters; defaults are not filled in, as in PyTorch.
Objects place_keywords(PyObject* function, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
  Objects placed(args, args + n);
  PyObject* code = PyFunction_Check(function) ? PyFunction_GET_CODE(function) : nullptr;
  Ref names;
  Py_ssize_t n_names = 0;
  if (code) {
    names = own(PyObject_GetAttrString(code, "co_varnames"));
    n_names = reinterpret_cast<PyCodeObject*>(code)->co_argcount;
  }
  for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(keywords); ++k) {
    PyObject* keyword = PyTuple_GET_ITEM(keywords, k);
    Py_ssize_t at = 1;
    while (at < n_names && PyUnicode_Compare(PyTuple_GET_ITEM(names.get(), at), keyword) != 0) ++at;
    if (at >= n_names) fail(PyExc_TypeError, "forward() got an unexpected keyword argument '%U'", keyword);
    const auto place = static_cast<size_t>(at - 1);
    if (placed.size() <= place) placed.resize(place + 1, nullptr);
    if (placed[place]) fail(PyExc_TypeError, "forward() got multiple values for argument '%U'", keyword);
    placed[place] = args[n + k];
  }
  for (size_t i = 0; i < placed.size(); ++i)
    if (!placed[i])
      fail(PyExc_TypeError, "forward() missing required argument: '%U' (position %zd)",
           PyTuple_GET_ITEM(names.get(), static_cast<Py_ssize_t>(i) + 1), static_cast<Py_ssize_t>(i));
  return placed;
}

// Every parameter given by position: nothing to bind.
bool is_complete(PyObject* function, Py_ssize_t n, PyObject* keywords) {
  if (keywords || !PyFunction_Check(function)) return false;
  const auto* code = reinterpret_cast<PyCodeObject*>(PyFunction_GET_CODE(function));
  return code->co_argcount == n && code->co_kwonlyargcount == 0 && !(code->co_flags & (CO_VARARGS | CO_VARKEYWORDS));
}

// A tuple of all arguments, defaults included.
Ref bind(PyObject* function, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
  static PyObject* binder = imported("gradus.autograd.function", "_bind_arguments");
  Objects all{function};
  all.insert(all.end(), args, args + n + (keywords ? PyTuple_GET_SIZE(keywords) : 0));
  return own(PyObject_Vectorcall(binder, all.data(), static_cast<size_t>(n) + 1, keywords));
}

PyObject* apply(PyObject* cls, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
  return guarded([&]() -> PyObject* {
    const Ref contexts = own(PyObject_GetAttr(cls, contexts_name));
    const Ref forward = own(PyObject_GetAttr(cls, forward_name)), setup = own(PyObject_GetAttr(cls, setup_name));
    const bool separate = setup.get() != base_setup_context;
    if (keywords && !PyTuple_GET_SIZE(keywords)) keywords = nullptr;
    Ref bound;
    Objects placed;
    if (separate && !is_complete(forward.get(), n, keywords)) {
      bound = bind(forward.get(), args, n, keywords);
      args = &PyTuple_GET_ITEM(bound.get(), 0);
      n = PyTuple_GET_SIZE(bound.get());
    } else if (keywords) {
      placed = place_keywords(forward.get(), args, n, keywords);
      args = placed.data();
      n = static_cast<Py_ssize_t>(placed.size());
    }
    Call call(function_class(contexts.get()), args, n, separate);
    const Ref raw = call.forward(forward.get(), setup.get());
    return call.finish(raw.get());
  });
}

// ---- results that must not be differentiated again

void refuse(Node&, const Tensor*, Tensor*) {
  raise(ErrorKind::Runtime, "trying to differentiate twice a function that was marked with @once_differentiable");
}
constexpr NodeType kError{"Error", &refuse, nullptr, nullptr, true};

// A tuple of aliases of the given tensors whose backward raises; None stays None.
PyObject* refuse_twice(PyObject*, PyObject* tensors) {
  return guarded([&] {
    const Py_ssize_t n = PyTuple_GET_SIZE(tensors);
    Ref results = own(PyTuple_New(n));
    Node* node = new_node(kError, static_cast<int>(n), 0, static_cast<int>(n));
    for (Py_ssize_t i = 0; i < n; ++i) {
      PyObject* item = PyTuple_GET_ITEM(tensors, i);
      if (!is_tensor(item)) {
        PyTuple_SET_ITEM(results.get(), i, Ref::borrow(item).release());
        continue;
      }
      const Tensor leaf = tensor_of(item).detach(), alias = leaf.variable_data();
      leaf.requires_grad_();
      const Edge e = gradient_edge(leaf.impl());
      ref_inc(e.node->refs);
      node->next()[i] = e;
      node->out()[i] = {leaf.dtype(), true, Dims(leaf.sizes())};
      ref_inc(node->refs);
      set_history(alias.impl(), node, static_cast<uint32_t>(i));
      PyTuple_SET_ITEM(results.get(), i, own(wrap(alias)).release());
    }
    drop(node);
    return results.release();
  });
}

PyMethodDef module_functions[] = {{"_refuse_twice", &refuse_twice, METH_O, nullptr}, {}};

}  // namespace

void init_function_apply(PyObject* module) {
  forward_name = intern("forward");
  setup_name = intern("setup_context");
  contexts_name = intern("_backward_cls");
  view_as_name = intern("view_as");
  detach_name = intern("detach_");
  static PyMethodDef methods[] = {
      {"apply", as_method(&apply), kFast | METH_CLASS, "Runs forward; the results remember to call backward."}, {}};
  PyType_Slot slots[] = {{Py_tp_methods, methods}, {0, nullptr}};
  PyType_Spec spec{"gradus._C._FunctionApply", sizeof(PyObject), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
  add_object(module, "_FunctionApply", reinterpret_cast<PyObject*>(make_type(spec)));
  ensure(PyModule_AddFunctions(module, module_functions) == 0);
}

}  // namespace gradus::py
