// Pictures of graphs: gradus.viz hands over a tensor, names and the tensors that have them.
#include "gradus/viz/graph.h"
#include "python/bindings/py.h"
#include "python/bindings/tensor_type.h"
#include "python/bindings/types.h"

namespace gradus::py {

namespace {

using Draw = std::string (*)(const Tensor& root, const nn::NamedTensors& names, int64_t limit);

std::string text_of(PyObject* o) {
  Py_ssize_t size = 0;
  const char* text = PyUnicode_AsUTF8AndSize(o, &size);
  ensure(text);
  return {text, static_cast<size_t>(size)};
}

/// draw(tensor, names, tensors, limit)
PyObject* draw(Draw picture, PyObject* const* args, Py_ssize_t n) {
  return guarded([&] {
    if (n != 4) fail(PyExc_TypeError, "expected a tensor, names, tensors and a limit, but got %zd arguments", n);
    if (!is_tensor(args[0])) fail(PyExc_TypeError, "expected a Tensor to draw, but got %s", type_name(args[0]).c_str());
    Ref names = own(PySequence_Fast(args[1], "names must be a sequence"));
    Ref tensors = own(PySequence_Fast(args[2], "tensors must be a sequence"));
    const Py_ssize_t count = PySequence_Fast_GET_SIZE(names.get());
    if (PySequence_Fast_GET_SIZE(tensors.get()) != count) fail(PyExc_ValueError, "expected as many names as tensors");
    nn::NamedTensors named;
    for (Py_ssize_t i = 0; i < count; ++i) {
      PyObject* t = PySequence_Fast_GET_ITEM(tensors.get(), i);
      if (!is_tensor(t)) fail(PyExc_TypeError, "expected names of Tensors, but got %s", type_name(t).c_str());
      named.push_back({text_of(PySequence_Fast_GET_ITEM(names.get(), i)), tensor_of(t)});
    }
    const long long limit = PyLong_AsLongLong(args[3]);
    if (limit == -1 && PyErr_Occurred()) throw PythonError{};
    const std::string text = picture(tensor_of(args[0]), named, limit);
    return PyUnicode_FromStringAndSize(text.data(), static_cast<Py_ssize_t>(text.size()));
  });
}
PyObject* svg(PyObject*, PyObject* const* args, Py_ssize_t n) { return draw(&viz::svg, args, n); }
PyObject* dot(PyObject*, PyObject* const* args, Py_ssize_t n) { return draw(&viz::dot, args, n); }

PyMethodDef functions[] = {
    {"_viz_svg", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&svg)), METH_FASTCALL, nullptr},
    {"_viz_dot", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&dot)), METH_FASTCALL, nullptr},
    {}};

}  // namespace

void init_viz(PyObject* module) { ensure(PyModule_AddFunctions(module, functions) == 0); }

}  // namespace gradus::py
