// Reads the operator table into groups of overloads, in PyTorch's order.
#include "python/bindings/signatures.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "gradus/core/shape.h"
#include "python/bindings/named_tuple.h"

namespace gradus::py {

namespace {

// Operators that take a number where they ask for a tensor; their overloads for numbers are not shown.
const std::set<std::string_view> kNumbersAsTensors{"add",          "sub",      "mul",      "div",    "true_divide",
                                                   "floor_divide", "multiply", "subtract", "divide", "copy_"};
const std::set<std::string_view> kScaledProducts{"addmm", "addmv", "addr", "addbmm", "baddbmm"};
const std::set<std::string_view> kViewsInPlace{"swapaxes", "swapdims"};  // others are operators
const std::set<std::string_view> kHiddenScalarOverloads{"add", "sub", "mul", "div"};

std::string_view type_text(ArgKind kind) {
  switch (kind) {
    case ArgKind::Tensor:
    case ArgKind::OptTensor: return "Tensor";
    case ArgKind::TensorList:
    case ArgKind::OptTensorList: return "tuple of Tensors";
    case ArgKind::Scalar:
    case ArgKind::OptScalar: return "Number";
    case ArgKind::Int:
    case ArgKind::OptInt: return "int";
    case ArgKind::IntList:
    case ArgKind::OptIntList: return "tuple of ints";
    case ArgKind::ScalarList: return "tuple of Scalars";
    case ArgKind::OptFloatList: return "tuple of floats";
    case ArgKind::Bool:
    case ArgKind::OptBool: return "bool";
    case ArgKind::Float:
    case ArgKind::OptFloat: return "float";
    case ArgKind::Str:
    case ArgKind::OptStr: return "str";
    case ArgKind::DType:
    case ArgKind::OptDType: return "torch.dtype";
    case ArgKind::Device: return "torch.device";
    case ArgKind::Layout: return "torch.layout";
    case ArgKind::MemoryFormat: return "torch.memory_format";
    case ArgKind::Storage: return "torch.Storage";
    case ArgKind::Object: return "object";
    case ArgKind::Generator: break;
  }
  return "torch.Generator";
}

// The spelling by which PyTorch sorts overloads.
std::string sort_type(const ArgSpec& a) {
  switch (a.kind) {
    case ArgKind::Tensor: return "Tensor";
    case ArgKind::OptTensor: return "Tensor?";
    case ArgKind::TensorList: return "TensorList";
    case ArgKind::OptTensorList: return "TensorList?";
    case ArgKind::Scalar: return "Scalar";
    case ArgKind::OptScalar: return "Scalar?";
    case ArgKind::Int: return "int64_t";
    case ArgKind::OptInt: return "int64_t?";
    case ArgKind::IntList: return "IntArrayRef";
    case ArgKind::OptIntList: return "IntArrayRef?";
    case ArgKind::ScalarList: return "ScalarList";
    case ArgKind::OptFloatList: return "ArrayRef<double>?";
    case ArgKind::Float: return "double";
    case ArgKind::OptFloat: return "double?";
    case ArgKind::Str:
    case ArgKind::OptStr: return "c10::string_view";
    default: return std::string(a.type);
  }
}
std::string sort_text(const Schema& s) {
  std::string text;
  for (int i = 0; i < s.n_args; ++i) {
    const ArgSpec& a = s.args[static_cast<size_t>(i)];
    if (i) text += ", ";
    if (a.keyword_only && (!i || !s.args[static_cast<size_t>(i - 1)].keyword_only)) text += "*, ";
    text += sort_type(a);
    text += ' ';
    text += a.name == "self" && a.kind <= ArgKind::OptTensor ? "input" : a.name;
    if (a.has_default) text.append("=").append(a.fallback);
  }
  return text;
}

// PyTorch's partial order: the more general overload is tried later.
bool is_later(const Schema& a, const Schema& b) {
  if (a.n_args != b.n_args) return false;
  bool differs = false;
  for (size_t i = 0; i < static_cast<size_t>(a.n_args); ++i) {
    const ArgKind x = a.args[i].kind, y = b.args[i].kind;
    if (a.args[i].type == b.args[i].type) continue;
    const bool later =
        (x == ArgKind::Scalar && y == ArgKind::Tensor) || (x == ArgKind::OptScalar && y == ArgKind::OptTensor) ||
        (x == ArgKind::TensorList && y == ArgKind::ScalarList) || (x == ArgKind::IntList && y == ArgKind::Int);
    if (!later) return false;
    differs = true;
  }
  return differs;
}

template <class T>
T parse_number(std::string_view s) {
  if (s == "True") return T(1);
  if (s == "False") return T(0);
  if (s == "Mean") return T(1);
  if (s == "Sum") return T(2);
  if (s == "inf") return static_cast<T>(__builtin_inf());
  T v{};
  std::from_chars(s.data(), s.data() + s.size(), v);
  return v;
}

DType parse_dtype(std::string_view s) {
  if (s == "long") return DType::Int64;
  if (s == "float") return DType::Float32;
  for (int i = 0; i < kNumDTypes; ++i)
    if (name(static_cast<DType>(i)) == s) return static_cast<DType>(i);
  return DType::Float32;
}

void parse_list(std::string_view s, int length, Value& v) {
  std::vector<int64_t> list;
  if (s.front() == '[') {
    s = s.substr(1, s.size() - 2);
    while (!s.empty()) {
      const auto comma = s.find(',');
      auto item = s.substr(0, comma);
      while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
      list.push_back(parse_number<int64_t>(item));
      s = comma == s.npos ? std::string_view{} : s.substr(comma + 1);
    }
  } else {
    list.assign(static_cast<size_t>(std::max(length, 1)), parse_number<int64_t>(s));
  }
  auto* kept = new int64_t[list.size() + 1];  // lives as long as the table
  std::copy(list.begin(), list.end(), kept);
  v.ints = kept;
  v.size = static_cast<int64_t>(list.size());
}

Value parse_default(const ArgSpec& a) {
  Value v;
  const std::string_view s = a.fallback;
  if (!a.has_default || s == "None") return v;
  v.none = false;
  switch (a.kind) {
    case ArgKind::IntList:
    case ArgKind::OptIntList: parse_list(s, a.length, v); break;
    case ArgKind::Scalar:
    case ArgKind::OptScalar:
      if (s == "True" || s == "False") v.scalar = Scalar(s == "True");
      else if (s.find_first_of(".e") != s.npos || s == "inf") v.scalar = Scalar(parse_number<double>(s));
      else v.scalar = Scalar(static_cast<long>(parse_number<int64_t>(s)));
      break;
    case ArgKind::Float:
    case ArgKind::OptFloat: v.real = parse_number<double>(s); break;
    case ArgKind::Bool:
    case ArgKind::OptBool: v.flag = s == "True"; break;
    case ArgKind::Str:
    case ArgKind::OptStr:
      v.text = s.data() + 1;
      v.size = static_cast<int64_t>(s.size()) - 2;
      break;
    case ArgKind::DType:
    case ArgKind::OptDType: v.integer = static_cast<int64_t>(parse_dtype(s)); break;
    case ArgKind::MemoryFormat:
      v.integer = static_cast<int64_t>(s == "preserve_format" ? MemoryFormat::Preserve : MemoryFormat::Contiguous);
      break;
    case ArgKind::Device:
    case ArgKind::Layout:
    case ArgKind::Generator: v.integer = 0; break;
    default: v.integer = parse_number<int64_t>(s); break;
  }
  return v;
}

void set_name(Param& p, std::string_view name) {
  p.name = intern(name);
  auto alias = [&](std::initializer_list<const char*> names) {
    int i = 0;
    for (const char* n : names) p.aliases[i++] = intern(n);
  };
  if (name == "dim") alias({"axis"});
  else if (name == "keepdim") alias({"keepdims"});
  else if (name == "input") alias({"x", "a", "x1"});
  else if (name == "split_size" || name == "split_sizes") alias({"split_size_or_sections"});
  else if (name == "other") alias({"x2"});
}

Param make_param(const ArgSpec& a, int slot) {
  Param p;
  p.kind = a.kind;
  p.type = type_text(a.kind);
  p.keyword_only = a.keyword_only;
  p.optional = a.has_default;
  p.length = a.length;
  p.slot = slot;
  p.allow_none = a.type.back() == '?';
  const std::string_view f = a.fallback;
  p.fallback = a.has_default ? (p.allow_none || f == "[]" ? "None" : std::string(f)) : "";
  set_name(p, a.name == "self" && a.kind <= ArgKind::OptTensor ? "input" : a.name);
  return p;
}

Param extra_param(ArgKind kind, const char* name, const char* fallback, bool allow_none, int slot) {
  Param p;
  p.kind = kind;
  p.type = type_text(kind);
  p.fallback = fallback;
  p.keyword_only = p.optional = true;
  p.allow_none = allow_none;
  p.slot = slot;
  set_name(p, name);
  return p;
}

bool is_factory(const Schema& s) {
  int found = 0;
  for (int i = 0; i < s.n_args; ++i) {
    const std::string_view n = s.args[static_cast<size_t>(i)].name;
    found += n == "dtype" || n == "layout" || n == "device" || n == "pin_memory";
  }
  return found == 4;
}

void finish(Overload& o) {
  o.text = "(";
  bool starred = false;
  for (size_t i = 0; i < o.params.size(); ++i) {
    const Param& p = o.params[i];
    if (i) o.text += ", ";
    if (p.keyword_only && !starred) {
      o.text += "*, ";
      starred = true;
    }
    o.text += p.type + " " + std::string(utf8(p.name));
    if (p.optional) o.text += " = " + p.fallback;
    o.min_args += !p.optional;
    o.max_positional += !p.keyword_only;
  }
  o.text += ")";
  o.keywords_follow = starred;
  o.max_args = static_cast<int>(o.params.size());
  o.varargs = o.max_positional == 1 && !o.params.empty() && o.params[0].kind == ArgKind::IntList;
}

Overload make_overload(const OpEntry& entry, const Boxed& call, bool method, bool with_out) {
  const Schema& s = entry.op->schema;
  Overload o;
  o.entry = &entry;
  o.call = call;
  const bool factory = is_factory(s);
  if (with_out) o.out = entry.out;
  auto add_out = [&] {
    const bool several = s.n_returns > 1;
    o.params.push_back(extra_param(several ? ArgKind::TensorList : ArgKind::Tensor, "out", "None", true, kOutSlot));
  };
  for (int i = 0; i < s.n_args; ++i) {
    const ArgSpec& a = s.args[static_cast<size_t>(i)];
    o.defaults.push_back(parse_default(a));
    if (method && a.name == "self" && o.self_slot < 0) {
      o.self_slot = i;
      continue;
    }
    if (factory && a.name == "dtype" && o.out.fn) add_out();
    o.params.push_back(make_param(a, i));
    if (s.name == "split" && i == 0) o.params.back().aliases[0] = intern("tensor");  // PyTorch writes it in Python
  }
  if (o.out.fn && !factory) add_out();
  if (factory) o.params.push_back(extra_param(ArgKind::Bool, "requires_grad", "False", false, kRequiresGradSlot));
  o.hidden = o.extra = kHiddenScalarOverloads.contains(s.name) && s.overload == "Scalar";
  o.result_type = named_tuple_type(s);
  finish(o);
  return o;
}

// An overload with other positional parameters, which PyTorch accepts but does not show.
void add_deprecated(std::vector<Overload>& list, const Overload& like, const std::vector<Param>& positional) {
  Overload o = like;
  o.hidden = true;
  o.min_args = o.max_positional = o.max_args = 0;
  std::vector<Param> params = positional;
  for (Param& p : params) p.keyword_only = p.optional = false;
  if (!o.params.empty() && o.params.back().slot == kOutSlot) params.push_back(o.params.back());
  o.params = std::move(params);
  finish(o);
  list.push_back(std::move(o));
}

const Param& param_named(const Overload& o, std::string_view name) {
  for (const Param& p : o.params)
    if (utf8(p.name) == name) return p;
  return o.params.front();
}

// add(x, 2, y) and addmm(beta, x, alpha, a, b).
void add_deprecated_forms(std::vector<Overload>& list, const Overload& o) {
  const std::string_view name = o.entry->op->schema.name;
  const bool method = o.self_slot >= 0;
  if ((name == "add" || name == "sub") && o.entry->op->schema.overload == "Tensor") {
    std::vector<Param> order;
    if (!method) order.push_back(o.params[0]);
    order.push_back(param_named(o, "alpha"));
    order.push_back(param_named(o, "other"));
    add_deprecated(list, o, order);
  } else if (kScaledProducts.contains(name)) {
    const size_t first = method ? 0 : 1;
    std::vector<Param> order{param_named(o, "beta")};
    if (!method) order.push_back(o.params[0]);
    std::vector<Param> with_alpha = order;
    with_alpha.push_back(param_named(o, "alpha"));
    for (auto* l : {&order, &with_alpha}) {
      l->push_back(o.params[first]);
      l->push_back(o.params[first + 1]);
      add_deprecated(list, o, *l);
    }
  }
}

// What PyTorch accepts beyond the overloads it shows, among it numbers in place of tensors.
void add_hidden_forms(std::vector<Overload>& list) {
  const std::vector<Overload> shown = list;
  for (const Overload& o : shown) add_deprecated_forms(list, o);
  for (const Overload& like : shown) {
    const Schema& s = like.entry->op->schema;
    if (!kNumbersAsTensors.contains(s.name) || (s.overload != "Tensor" && !s.overload.empty())) continue;
    Overload o = like;
    o.hidden = o.extra = true;
    for (Param& p : o.params) p.numbers = p.kind == ArgKind::Tensor && p.slot >= 0;
    list.push_back(std::move(o));
  }
}

// Stable by spelling, then the more general ones behind.
void sort_overloads(std::vector<Overload>& list) {
  std::stable_sort(list.begin(), list.end(), [](const Overload& a, const Overload& b) {
    return sort_text(a.entry->op->schema) < sort_text(b.entry->op->schema);
  });
  std::vector<Overload> sorted;
  std::vector<bool> taken(list.size());
  while (sorted.size() < list.size())
    for (size_t i = 0; i < list.size(); ++i) {
      if (taken[i]) continue;
      bool ready = true;
      for (size_t j = 0; j < list.size(); ++j)
        if (!taken[j] && j != i && is_later(list[i].entry->op->schema, list[j].entry->op->schema)) ready = false;
      if (!ready) continue;
      taken[i] = true;
      sorted.push_back(std::move(list[i]));
      break;
    }
  list = std::move(sorted);
}

bool one_tensor(const Schema& s) {
  int n = 0;
  for (int i = 0; i < s.n_args; ++i) n += is_tensor(s.args[static_cast<size_t>(i)].kind);
  return n == 1;
}

}  // namespace

Group* make_group(const char* name, const Op* ops, size_t n) {
  auto* entries = new OpEntry[n]();  // live as long as the group
  auto* group = new Group{name, false, {}};
  for (size_t i = 0; i < n; ++i) {
    entries[i].op = ops + i;
    group->overloads.push_back(make_overload(entries[i], {}, false, false));
  }
  return group;
}

std::vector<Group*> build_groups(Home home) {
  std::map<std::string, std::vector<Overload>> found;
  const bool method = home == Home::Method;
  const char form = method ? 'm' : home == Home::Nn ? 'n' : 'f';
  for (int t = 0; t < n_op_tables; ++t)
    for (int i = 0; i < *op_tables[t].size; ++i) {
      const OpEntry& e = op_tables[t].entries[i];
      const Schema& s = e.op->schema;
      const std::string name(s.name);
      const bool offered = e.op->forms.find(form) != std::string_view::npos;
      if (offered) found[name].push_back(make_overload(e, e.function, method, !method));
      if (method && offered && kViewsInPlace.contains(s.name)) {
        found[name + "_"].push_back(make_overload(e, e.function, true, false));
        found[name + "_"].back().inplace_view = true;
      }
      if (e.inplace.fn && (method || (offered && one_tensor(s))))
        found[name + "_"].push_back(make_overload(e, e.inplace, method, false));
    }
  std::vector<Group*> groups;
  for (auto& [name, list] : found) {
    sort_overloads(list);
    add_hidden_forms(list);
    groups.push_back(new Group{name, method, std::move(list)});
  }
  return groups;
}

}  // namespace gradus::py
