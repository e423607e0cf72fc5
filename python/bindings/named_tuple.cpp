// The types of named results, and how they print.
#include "python/bindings/named_tuple.h"

#include <map>
#include <string>
#include <vector>

namespace gradus::py {

namespace {

std::map<std::string, PyTypeObject*>& types() {
  static auto* all = new std::map<std::string, PyTypeObject*>;
  return *all;
}

std::vector<std::string> field_names(const Schema& s) {
  std::vector<std::string> names;
  if (s.n_returns < 2 || s.returns.front() != '(') return names;
  std::string_view body = s.returns.substr(1, s.returns.size() - 2);
  while (!body.empty()) {
    const auto comma = body.find(',');
    std::string_view part = body.substr(0, comma);
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    const auto space = part.rfind(' ');
    if (space == part.npos) return {};
    names.emplace_back(part.substr(space + 1));
    body = comma == body.npos ? std::string_view{} : body.substr(comma + 1);
  }
  return names;
}

PyObject* repr(PyObject* self) {
  return guarded([&] {
    std::string out = std::string(Py_TYPE(self)->tp_name) + "(\n";
    Ref names = own(PyObject_GetAttrString(self, "__match_args__"));
    const Py_ssize_t n = PyTuple_GET_SIZE(self);
    for (Py_ssize_t i = 0; i < n; ++i) {
      out += utf8(PyTuple_GET_ITEM(names.get(), i));
      out += '=';
      Ref value = own(PyObject_Repr(PyTuple_GET_ITEM(self, i)));
      out += utf8(value.get());
      out += i + 1 < n ? ",\n" : ")";
    }
    return text(out);
  });
}

}  // namespace

PyTypeObject* named_tuple_type(const Schema& schema) {
  const std::vector<std::string> names = field_names(schema);
  if (names.empty()) return nullptr;
  PyTypeObject*& type = types()[std::string(schema.name)];
  if (type) return type;
  // The strings and the table outlive the type.
  auto* kept = new std::vector<std::string>(names);
  auto* fields = new PyStructSequence_Field[names.size() + 1]();
  for (size_t i = 0; i < names.size(); ++i) fields[i].name = (*kept)[i].c_str();
  auto* title = new std::string("torch.return_types." + std::string(schema.name));
  PyStructSequence_Desc desc{title->c_str(), nullptr, fields, static_cast<int>(names.size())};
  type = PyStructSequence_NewType(&desc);
  ensure(type);
  type->tp_repr = &repr;
  return type;
}

void add_named_tuples(PyObject* module) {
  Ref space = own(PyModule_New("gradus.return_types"));
  for (auto& [name, type] : types()) {
    Py_INCREF(type);
    add_object(space.get(), name.c_str(), reinterpret_cast<PyObject*>(type));
  }
  add_object(module, "return_types", space.release());
}

}  // namespace gradus::py
