// Modules are plain structs: what walks over their tensors and children, and everything that follows from the walk.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "gradus/core/tensor.h"
#include "gradus/nn/reflect.h"

/// A module is any struct with `Tensor operator()(const Tensor&) const`. Its tensors and the modules among its fields
/// are found by themselves if it is an aggregate (no constructor, no base class) of up to 32 fields:
///
///     struct Net {
///       nn::Linear fc1{64, 32}, fc2{32, 10};
///       Tensor operator()(const Tensor& x) const { return fc2(fc1(x).relu()); }
///     };
///
/// Other types list them: `template <class F> void fields(F&& f) { f("fc1", fc1); f("fc2", fc2); }`. Lists of modules
/// (std::vector, std::array) number theirs, optionals and owning pointers count as what they hold. Names equal
/// PyTorch's. A leaf that requires a gradient, or that nn::parameter made, is a parameter; another tensor is a buffer.
/// A bool named `training` follows train() and eval(). Copying a module copies handles: both share their tensors.
namespace gradus::nn {

/// A tensor and its path: "fc1.weight".
struct NamedTensor {
  std::string name;
  Tensor tensor;
};
using NamedTensors = std::vector<NamedTensor>;

/// What printing needs to know of a module.
struct ModuleInfo {
  std::string_view type;
  const void* module = nullptr;
  std::string (*extra)(const void* module) = nullptr;  // what stands between the parentheses; may be null
  bool list = false;                                   // prints equal neighbours once
};

/// Sees a module from inside: first its own tensors, then its children, each between enter and leave.
class Walker {
 public:
  virtual void tensor(std::string_view /*name*/, Tensor&) {}
  virtual void training(bool& /*flag*/) {}
  virtual void enter(std::string_view /*name*/, const ModuleInfo&) {}
  virtual void leave() {}

 protected:
  ~Walker() = default;
};

namespace detail {

template <class T>
concept HasWalk = requires(T& t, Walker& w) {
  t.walk(w);
  t.info();
};
template <class T>
concept HasFields = requires(T& t) {
  t.fields([](std::string_view, auto&) {});
};
template <class T>
concept Callable = requires {
  &T::operator();
}
|| requires(const T& t, const Tensor& x) { t(x); };
template <class T>
concept List = requires(T& t) {
  typename T::value_type;
  t.begin() != t.end();
  t.size();
};
template <class T>
concept Handle = std::is_class_v<T> && !std::is_aggregate_v<T> && !Callable<T> && requires(T & t) {
  static_cast<bool>(t);
  *t;
};

template <class T>
constexpr bool is_module();
template <class T>
constexpr bool holds_tensors() {
  return with_fields<field_count<T>>(ghost<T>.value, [](auto&... x) {
    return (
        (std::is_same_v<std::remove_cvref_t<decltype(x)>, Tensor> || is_module<std::remove_cvref_t<decltype(x)>>()) ||
        ...);
  });
}
/// Whether a field of this type is a child that a walk enters.
template <class T>
constexpr bool is_module() {
  if constexpr (!std::is_class_v<T> || std::is_same_v<T, Tensor>) {
    return false;
  } else if constexpr (HasWalk<T> || HasFields<T>) {
    return true;
  } else if constexpr (List<T>) {
    using V = typename T::value_type;
    return std::is_same_v<V, Tensor> || is_module<V>();
  } else if constexpr (Handle<T>) {
    return is_module<std::remove_cvref_t<decltype(*std::declval<T&>())>>();
  } else if constexpr (std::is_aggregate_v<T>) {
    if constexpr (Callable<T>) return true;
    else if constexpr (field_count<T> <= kMaxFields) return holds_tensors<T>();
    else return false;
  } else {
    return Callable<T>;
  }
}
template <class T>
concept Module = is_module<T>();

template <class T>
std::string extra_of(const void* module) {
  return static_cast<const T*>(module)->extra_repr();
}
template <class T>
ModuleInfo info_of(T& module) {
  if constexpr (HasWalk<T>) {
    return module.info();
  } else if constexpr (List<T>) {
    return {std::is_same_v<typename T::value_type, Tensor> ? "ParameterList" : "ModuleList", &module, nullptr, true};
  } else {
    ModuleInfo info{type_name<T>(), &module};
    if constexpr (requires { module.extra_repr(); }) info.extra = &extra_of<T>;
    return info;
  }
}

template <class T>
void walk(T& module, Walker& w);

template <class T>
void walk_child(std::string_view name, T& child, Walker& w) {
  if constexpr (Handle<T> && !HasWalk<T> && !HasFields<T>) {
    if (child) walk_child(name, *child, w);
  } else {
    w.enter(name, info_of(child));
    walk(child, w);
    w.leave();
  }
}

template <class T>
void walk_list(T& list, Walker& w) {
  int64_t i = 0;
  for (auto& item : list) {
    const std::string name = std::to_string(i++);
    if constexpr (std::is_same_v<typename T::value_type, Tensor>) w.tensor(name, item);
    else walk_child(name, item, w);
  }
}

template <class T, class F>
void for_each_member(T& module, F&& f) {
  if constexpr (HasFields<T>) {
    module.fields(f);
  } else if constexpr (std::is_aggregate_v<T>) {
    for_each_field(module, f);
  } else {
    static_assert(std::is_empty_v<T>, "a module that is no aggregate names its members: give it a member fields(f)");
  }
}

/// Own tensors first, then children: the order of PyTorch's named_parameters.
template <class T>
void walk(T& module, Walker& w) {
  if constexpr (HasWalk<T>) {
    module.walk(w);
  } else if constexpr (List<T> && !HasFields<T>) {
    walk_list(module, w);
  } else {
    for_each_member(module, [&](std::string_view name, auto& x) {
      using X = std::remove_reference_t<decltype(x)>;
      if constexpr (std::is_same_v<X, Tensor>) {
        w.tensor(name, x);
      } else if constexpr (std::is_same_v<X, bool>) {
        if (name == "training") w.training(x);
      }
    });
    for_each_member(module, [&](std::string_view name, auto& x) {
      if constexpr (Module<std::remove_reference_t<decltype(x)>>) walk_child(name, x, w);
    });
  }
}

/// A module whose type is forgotten, for the functions below. Borrowed.
struct AnyRef {
  void* module;
  void (*walk)(void* module, Walker& w);
  ModuleInfo info;
};
template <class T>
AnyRef ref(const T& module) {
  static_assert(Module<T>, "not a module: it has no operator() and holds neither tensors nor modules");
  // Only handles are read through it, unless the caller's module may be changed.
  T& m = const_cast<T&>(module);
  return {&m, [](void* p, Walker& w) { nn::detail::walk(*static_cast<T*>(p), w); }, info_of(m)};
}

NamedTensors named_parameters(const AnyRef& module);
NamedTensors named_buffers(const AnyRef& module);
NamedTensors state_dict(const AnyRef& module);
Tensors without_names(const NamedTensors& named);
void train(const AnyRef& module, bool mode);
void zero_grad(const AnyRef& module, bool set_to_none);
void requires_grad_(const AnyRef& module, bool requires_grad);
void convert(const AnyRef& module, DType dtype);
std::string to_string(const AnyRef& module);

}  // namespace detail

/// `data` outside any graph, as a parameter: it stays one when its gradient is switched off.
Tensor parameter(const Tensor& data, bool requires_grad = true);
bool is_parameter(const Tensor& t);

/// Parameters with their paths: a module's own in the order of its fields, then its children's. Each tensor once.
template <class M>
NamedTensors named_parameters(const M& module) {
  return detail::named_parameters(detail::ref(module));
}
template <class M>
Tensors parameters(const M& module) {
  return detail::without_names(named_parameters(module));
}

/// Tensors that are no parameters, in the same order.
template <class M>
NamedTensors named_buffers(const M& module) {
  return detail::named_buffers(detail::ref(module));
}
template <class M>
Tensors buffers(const M& module) {
  return detail::without_names(named_buffers(module));
}

/// Parameters and buffers, detached, sharing the module's storage.
template <class M>
NamedTensors state_dict(const M& module) {
  return detail::state_dict(detail::ref(module));
}

/// What load_state_dict(…, false) passed over.
struct IncompatibleKeys {
  std::vector<std::string> missing, unexpected;
};
namespace detail {
IncompatibleKeys load_state_dict(const AnyRef& module, const NamedTensors& state, bool strict);
}
/// Copies values by name. With `strict` every name must be on both sides. RuntimeError with PyTorch's text for names
/// and sizes that don't match; then nothing was copied.
template <class M>
IncompatibleKeys load_state_dict(M& module, const NamedTensors& state, bool strict = true) {
  return detail::load_state_dict(detail::ref(module), state, strict);
}

/// Sets every `training` flag below: dropout and the like depend on it.
template <class M>
M& train(M& module, bool mode = true) {
  detail::train(detail::ref(module), mode);
  return module;
}
template <class M>
M& eval(M& module) {
  return train(module, false);
}

/// Drops the gradients of all parameters, or fills them with zeros.
template <class M>
void zero_grad(M& module, bool set_to_none = true) {
  detail::zero_grad(detail::ref(module), set_to_none);
}
/// Switches the gradients of all parameters on or off.
template <class M>
M& requires_grad_(M& module, bool requires_grad = true) {
  detail::requires_grad_(detail::ref(module), requires_grad);
  return module;
}
/// Converts floating point parameters and buffers. TypeError for other dtypes.
template <class M>
M& to(M& module, DType dtype) {
  detail::convert(detail::ref(module), dtype);
  return module;
}

/// The module and its children as PyTorch prints them.
template <class M>
std::string to_string(const M& module) {
  return detail::to_string(detail::ref(module));
}

}  // namespace gradus::nn
