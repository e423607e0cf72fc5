// What follows from a walk over a module: parameters, state, modes, text.
#include "gradus/nn/module.h"

#include <unordered_map>
#include <unordered_set>

#include "gradus/core/format.h"
#include "gradus/core/impl.h"
#include "gradus/gen/functions.h"
#include "gradus/nn/clip.h"

namespace gradus::nn {

namespace {
/// Several threads may walk over modules that share a tensor.
void mark_parameter(TensorImpl* t) {
  __atomic_fetch_or(&t->flags, static_cast<uint32_t>(TensorImpl::kParameter), __ATOMIC_RELAXED);
}
}  // namespace

Tensor parameter(const Tensor& data, bool requires_grad) {
  check_as(ErrorKind::Value, data.defined(), "nn::parameter expects a tensor, but got an undefined one");
  Tensor t = data.variable_data();
  t.requires_grad_(requires_grad);
  mark_parameter(t.impl());
  return t;
}

bool is_parameter(const Tensor& t) {
  if (!t.defined()) return false;
  if (__atomic_load_n(&t.impl()->flags, __ATOMIC_RELAXED) & TensorImpl::kParameter) return true;
  if (!t.requires_grad() || !t.is_leaf()) return false;
  mark_parameter(t.impl());  // it stays one when it is frozen
  return true;
}

namespace detail {

namespace {

/// Keeps the path to where the walk is.
class PathWalker : public Walker {
 public:
  void enter(std::string_view name, const ModuleInfo&) override {
    lengths_.push_back(path_.size());
    path_.append(name) += '.';
  }
  void leave() override {
    path_.resize(lengths_.back());
    lengths_.pop_back();
  }

 protected:
  std::string full(std::string_view name) const { return path_ + std::string(name); }
  size_t depth() const { return lengths_.size(); }

 private:
  std::string path_;
  std::vector<size_t> lengths_;
};

enum class Kind { Parameter, Buffer };

/// Collects one kind of tensors, each once.
class Collector final : public PathWalker {
 public:
  explicit Collector(Kind kind) : kind_(kind) {}
  void tensor(std::string_view name, Tensor& t) override {
    if (!t.defined() || is_parameter(t) != (kind_ == Kind::Parameter)) return;
    if (seen_.insert(t.impl()).second) found.push_back({full(name), t});
  }
  NamedTensors found;

 private:
  Kind kind_;
  std::unordered_set<TensorImpl*> seen_;
};

/// Collects everything; of one module's tensors the parameters come first.
class StateCollector final : public PathWalker {
 public:
  void tensor(std::string_view name, Tensor& t) override {
    if (!t.defined()) return;
    if (is_parameter(t)) found.push_back({full(name), t});
    else buffers_.push_back({full(name), t});
  }
  void enter(std::string_view name, const ModuleInfo& info) override {
    flush();
    PathWalker::enter(name, info);
  }
  void leave() override {
    flush();
    PathWalker::leave();
  }
  void flush() {
    for (NamedTensor& b : buffers_) found.push_back(static_cast<NamedTensor&&>(b));
    buffers_.clear();
  }
  NamedTensors found;

 private:
  NamedTensors buffers_;
};

NamedTensors collect(const AnyRef& module, Kind kind) {
  Collector w(kind);
  module.walk(module.module, w);
  return static_cast<NamedTensors&&>(w.found);
}
NamedTensors collect_state(const AnyRef& module) {
  StateCollector w;
  module.walk(module.module, w);
  w.flush();
  return static_cast<NamedTensors&&>(w.found);
}

}  // namespace

NamedTensors named_parameters(const AnyRef& module) { return collect(module, Kind::Parameter); }
NamedTensors named_buffers(const AnyRef& module) { return collect(module, Kind::Buffer); }

NamedTensors state_dict(const AnyRef& module) {
  NamedTensors state = collect_state(module);
  for (NamedTensor& entry : state) entry.tensor = entry.tensor.detach();
  return state;
}

Tensors without_names(const NamedTensors& named) {
  Tensors out;
  out.reserve(named.size());
  for (const NamedTensor& entry : named) out.push_back(entry.tensor);
  return out;
}

namespace {

std::string torch_size(const Tensor& t) { return str("torch.Size(", t.sizes(), ")"); }

std::string key_error(const char* kind, const std::vector<std::string>& keys) {
  std::string text = str(kind, " key(s) in state_dict: ");
  for (size_t i = 0; i < keys.size(); ++i) text += str(i ? ", " : "", '"', keys[i], '"');
  return text + ". ";
}

}  // namespace

IncompatibleKeys load_state_dict(const AnyRef& module, const NamedTensors& state, bool strict) {
  std::unordered_map<std::string_view, const Tensor*> given;
  for (const NamedTensor& entry : state) given[entry.name] = &entry.tensor;
  IncompatibleKeys keys;
  std::string errors;
  std::vector<std::pair<Tensor, Tensor>> copies;
  std::unordered_set<std::string> known;
  for (const auto& [name, own] : collect_state(module)) {
    known.insert(name);
    const auto found = given.find(name);
    if (found == given.end()) {
      keys.missing.push_back(name);
    } else if (!(found->second->defined() && found->second->sizes() == own.sizes())) {
      errors += str("\n\tsize mismatch for ", name, ": copying a param with shape ",
                    found->second->defined() ? torch_size(*found->second) : "of nothing",
                    " from checkpoint, the shape in current model is ", torch_size(own), ".");
    } else {
      copies.emplace_back(own, *found->second);
    }
  }
  for (const NamedTensor& entry : state)
    if (!known.count(entry.name)) keys.unexpected.push_back(entry.name);
  if (strict && !keys.missing.empty()) errors.insert(0, "\n\t" + key_error("Missing", keys.missing));
  if (strict && !keys.unexpected.empty()) {
    const size_t at = keys.missing.empty() ? 0 : key_error("Missing", keys.missing).size() + 2;
    errors.insert(at, "\n\t" + key_error("Unexpected", keys.unexpected));
  }
  check(errors.empty(), "Error(s) in loading state_dict for ", module.info.type, ":", errors);
  const NoGrad guard;
  for (auto& [own, value] : copies) own.copy_(value);
  return keys;
}

void train(const AnyRef& module, bool mode) {
  struct Trainer final : Walker {
    explicit Trainer(bool m) : mode(m) {}
    void training(bool& flag) override { flag = mode; }
    bool mode;
  } w(mode);
  module.walk(module.module, w);
}

void zero_grad(const AnyRef& module, bool set_to_none) {
  const Tensors parameters = without_names(named_parameters(module));
  if (!set_to_none) return zero_grads(parameters);
  for (const Tensor& p : parameters) p.set_grad({});
}

void requires_grad_(const AnyRef& module, bool requires_grad) {
  for (const auto& [name, p] : named_parameters(module)) p.requires_grad_(requires_grad);
}

void convert(const AnyRef& module, DType dtype) {
  check_as(ErrorKind::Type, is_floating(dtype),
           "nn.Module.to only accepts floating point or complex dtypes, but got desired dtype=torch.", name(dtype));
  const NoGrad guard;
  for (const auto& [name, t] : collect_state(module)) {
    if (!t.is_floating_point() || t.dtype() == dtype) continue;
    const Tensor grad = t.grad();
    t.set_grad({});
    t.set_data(t.to(dtype));
    if (grad.defined()) t.set_grad(grad.to(dtype));
  }
}

namespace {

/// The tree of what is printed.
struct Printed {
  std::string label, type, extra;
  bool list = false;
  std::vector<Printed> children;
};

class Printer final : public Walker {
 public:
  explicit Printer(Printed& root) : path_{&root} {}
  void enter(std::string_view name, const ModuleInfo& info) override;
  void leave() override { path_.pop_back(); }
  void tensor(std::string_view name, Tensor& t) override;

 private:
  std::vector<Printed*> path_;
};

Printed described(std::string_view label, const ModuleInfo& info) {
  return {std::string(label), std::string(info.type), info.extra ? info.extra(info.module) : "", info.list, {}};
}

void Printer::enter(std::string_view name, const ModuleInfo& info) {
  path_.back()->children.push_back(described(name, info));
  path_.push_back(&path_.back()->children.back());
}

/// Tensors show in lists of tensors only.
void Printer::tensor(std::string_view label, Tensor& t) {
  if (!path_.back()->list) return;
  std::string sizes;
  for (int64_t size : t.sizes()) sizes += str(sizes.empty() ? "" : "x", size);
  std::string text =
      str(is_parameter(t) ? "Parameter" : "Tensor", " containing: [torch.", name(t.dtype()), " of size ", sizes, "]");
  path_.back()->children.push_back({std::string(label), static_cast<std::string&&>(text), "", false, {}});
}

std::string indented(const std::string& text) {
  std::string out;
  for (char c : text) {
    out += c;
    if (c == '\n') out += "  ";
  }
  return out;
}

std::string text_of(const Printed& p);

/// The lines of a list: neighbours that print alike are shown once.
void list_lines(const Printed& p, std::vector<std::string>& lines) {
  for (size_t first = 0, next; first < p.children.size(); first = next) {
    const std::string text = text_of(p.children[first]), &label = p.children[first].label;
    for (next = first + 1; next < p.children.size() && text_of(p.children[next]) == text;) ++next;
    const std::string labels = next == first + 1 ? label : str(label, "-", p.children[next - 1].label);
    const std::string times = next == first + 1 ? "" : str(next - first, " x ");
    lines.push_back(str("(", labels, "): ", times, indented(text)));
  }
}

std::string text_of(const Printed& p) {
  std::vector<std::string> lines;
  if (p.list && p.type == "ParameterList") {
    for (const Printed& child : p.children) lines.push_back(str("  (", child.label, "): ", child.type));
  } else if (p.list) {
    list_lines(p, lines);
  } else {
    if (p.children.empty()) return str(p.type, "(", p.extra, ")");
    if (!p.extra.empty()) lines.push_back(indented(p.extra));
    for (const Printed& child : p.children) lines.push_back(str("(", child.label, "): ", indented(text_of(child))));
  }
  if (lines.empty()) return p.type + "()";
  std::string out = p.type + "(";
  for (const std::string& line : lines) out += "\n  " + line;
  return out + "\n)";
}

}  // namespace

std::string to_string(const AnyRef& module) {
  Printed root = described("", module.info);
  Printer w(root);
  module.walk(module.module, w);
  return text_of(root);
}

}  // namespace detail
}  // namespace gradus::nn
