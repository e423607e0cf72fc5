// Says why arguments fit no overload, in PyTorch's words.
#include <string>
#include <unordered_map>

#include "gradus/core/format.h"
#include "python/bindings/signatures.h"
#include "python/bindings/values.h"

namespace gradus::py {

namespace {

using Keywords = std::unordered_map<std::string, PyObject*>;  // its order is the order in PyTorch's messages

Keywords keywords_of(const Arguments& a) {
  Keywords all;
  for (Py_ssize_t k = 0; k < a.n_keywords(); ++k)
    all[std::string(utf8(PyTuple_GET_ITEM(a.keywords, k)))] = a.values[a.n + k];
  return all;
}

std::string describe(PyObject* o) {
  const bool tuple = PyTuple_Check(o);
  if (!tuple && !PyList_Check(o)) return type_name(o);
  std::string out = tuple ? "tuple of (" : "list of [";
  const Py_ssize_t n = PySequence_Fast_GET_SIZE(o);
  for (Py_ssize_t i = 0; i < n; ++i) {
    if (i) out += ", ";
    out += type_name(PySequence_Fast_GET_ITEM(o, i));
  }
  if (tuple && n == 1) out += ",";
  return out + (tuple ? ")" : "]");
}

[[noreturn]] void type_error(const std::string& message) { raise(ErrorKind::Type, message); }

[[noreturn]] void raise_extra(const Group& g, const Overload& o, Py_ssize_t given) {
  if (o.min_args != o.max_positional)
    type_error(str(g.name, "() takes from ", o.min_args, " to ", o.max_positional, " positional arguments but ", given,
                   " were given"));
  type_error(str(g.name, "() takes ", o.max_positional, " positional argument", o.max_positional == 1 ? "" : "s",
                 " but ", given, given == 1 ? " was given" : " were given"));
}

[[noreturn]] void raise_missing(const Group& g, const Overload& o, size_t from) {
  int missing = 0;
  std::string names;
  for (size_t i = from; i < o.params.size(); ++i) {
    if (o.params[i].optional) continue;
    if (missing++) names += ", ";
    names += str("\"", utf8(o.params[i].name), "\"");
  }
  type_error(str(g.name, "() missing ", missing,
                 missing == 1 ? " required positional arguments: " : " required positional argument: ", names));
}

[[noreturn]] void raise_extra_keywords(const Group& g, const Overload& o, const Arguments& a) {
  for (Py_ssize_t k = 0; k < a.n_keywords(); ++k) {
    const std::string_view name = utf8(PyTuple_GET_ITEM(a.keywords, k));
    Py_ssize_t at = -1;
    for (size_t i = 0; i < o.params.size(); ++i)
      if (utf8(o.params[i].name) == name) at = static_cast<Py_ssize_t>(i);
    if (at < 0) type_error(str(g.name, "() got an unexpected keyword argument '", name, "'"));
    if (at < a.n) type_error(str(g.name, "() got multiple values for argument '", name, "'"));
  }
  type_error("invalid keyword arguments");
}

[[noreturn]] void raise_wrong_type(const Group& g, const Param& p, PyObject* o, Py_ssize_t position) {
  const std::string head = str(g.name, "(): argument '", utf8(p.name), "'");
  if (position < 0) type_error(str(head, " must be ", p.type, ", not ", type_name(o)));
  const bool list = PyTuple_Check(o) || PyList_Check(o);
  const bool ints = p.kind == ArgKind::IntList || p.kind == ArgKind::OptIntList;
  if (list && ints)
    type_error(str(head, " (position ", position + 1, ") must be ", p.type, ", but found element of type ",
                   type_name(PySequence_Fast_GET_ITEM(o, 0)), " at pos 0"));
  type_error(str(head, " (position ", position + 1, ") must be ", p.type, ", not ", type_name(o)));
}

// Walks the parameters as the parser does and raises at the first that does not fit.
[[noreturn]] void explain(const Group& g, const Overload& o, const Arguments& a) {
  if (g.method && o.params.empty()) {
    if (a.n) type_error(str("Tensor.", g.name, "() takes no arguments (", a.n, " given)"));
    type_error(str("Tensor.", g.name, "() takes no keyword arguments"));
  }
  if (a.n > o.max_positional && !o.varargs) raise_extra(g, o, a.n);
  Py_ssize_t at = 0;
  for (size_t i = 0; i < o.params.size(); ++i) {
    const Param& p = o.params[i];
    const bool positional = at < a.n;
    if (positional && p.keyword_only) raise_extra(g, o, a.n);
    PyObject* object = positional ? a.values[at] : keyword_argument(p, a);
    const bool fine = object ? (object == Py_None && p.allow_none) || accepts(p, object) : p.optional;
    if (!object && !fine) raise_missing(g, o, i);
    if (!fine) {
      if (o.varargs && positional && at == 0 && starts_with_index(object, a.n)) {
        at = a.n;
        continue;
      }
      if (o.varargs && positional && at == 0 && a.n > o.max_positional) raise_extra(g, o, a.n);
      raise_wrong_type(g, p, object, positional ? at : -1);
    }
    at += positional;
  }
  if (at < a.n) raise_extra(g, o, a.n);
  raise_extra_keywords(g, o, a);
}

std::string mark(const Param* p, PyObject* o) {
  const std::string name = describe(o);
  return p && p->type == name ? name : "!" + name + "!";
}

// Why an overload with as many parameters as there are arguments did not fit.
std::string complaint(const Overload& o, const Arguments& a) {
  const Keywords keywords = keywords_of(a);
  auto by_name = [&](const std::string& name) -> const Param* {
    for (const Param& p : o.params)
      if (utf8(p.name) == name) return &p;
    return nullptr;
  };
  std::string unknown;
  for (const auto& [name, value] : keywords)
    if (!by_name(name)) unknown += (unknown.empty() ? "" : ", ") + name;
  if (!unknown.empty()) return "      didn't match because some of the keywords were incorrect: " + unknown + "\n";
  std::string types;
  for (Py_ssize_t i = 0; i < a.n; ++i) {
    const bool known = static_cast<size_t>(i) < o.params.size();
    types += mark(known ? &o.params[static_cast<size_t>(i)] : nullptr, a.values[i]) + ", ";
  }
  for (const auto& [name, value] : keywords) types += name + "=" + mark(by_name(name), value) + ", ";
  if (a.n) types.erase(types.size() - 2);
  return "      didn't match because some of the arguments have invalid types: (" + types + ")\n";
}

// Counts as PyTorch counts the words of a signature: the star is one, and an empty list too.
bool counts_match(const Overload& o, const Arguments& a) {
  const auto expected = static_cast<Py_ssize_t>(o.params.empty() ? 1 : o.params.size() + o.keywords_follow);
  const Py_ssize_t given = a.n + a.n_keywords();
  return given == expected || (o.keywords_follow && given > expected);
}

}  // namespace

// "(int, generator=int)": lists only by their type.
std::string describe_call(const Arguments& a) {
  std::string out = "(";
  for (Py_ssize_t i = 0; i < a.n; ++i) out += type_name(a.values[i]) + ", ";
  for (const auto& [name, value] : keywords_of(a)) out += name + "=" + type_name(value) + ", ";
  if (a.n) out.erase(out.size() - 2);
  return out + ")";
}

void raise_no_match(const Group& g, const Arguments& a) {
  const Overload* only = nullptr;
  int shown = 0, plausible = 0, known = 0;
  const Py_ssize_t given = a.n + a.n_keywords();
  for (const Overload& o : g.overloads) {
    known += !o.extra;
    if (o.hidden) continue;
    ++shown;
    if (given < o.min_args || given > o.max_args) continue;
    ++plausible;
    only = &o;
  }
  if (known == 1)
    for (const Overload& o : g.overloads)
      if (!o.extra) explain(g, o, a);
  if (plausible == 1) explain(g, *only, a);
  std::string message =
      str(g.name, "() received an invalid combination of arguments - got ", describe_call(a), ", but expected ");
  if (shown > 1) message += "one of:\n";
  for (const Overload& o : g.overloads) {
    if (o.hidden) continue;
    if (shown == 1) type_error(message + o.text);
    message += " * " + o.text + "\n";
    if (counts_match(o, a)) message += complaint(o, a);
  }
  type_error(message);
}

}  // namespace gradus::py
