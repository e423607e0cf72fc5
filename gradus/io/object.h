// Object: what a file holds. Numbers, texts, tensors, and lists, tuples, sets and dicts of them.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gradus/core/tensor.h"
#include "gradus/nn/module.h"
#include "gradus/optim/optimizer.h"

namespace gradus {

namespace detail {
struct ObjectNode;
}

/// A value of Python's kind. Copies share what they hold: a list is the same list, a tensor the same tensor.
///
///     save(dict({{"model", nn::state_dict(model)}, {"epoch", 3}}), "checkpoint.pt");
///     Object checkpoint = load("checkpoint.pt");
///     nn::load_state_dict(model, checkpoint["model"].named_tensors());
class Object {
 public:
  enum class Kind : uint8_t {
    None,
    Bool,
    Int,
    Float,
    String,
    Bytes,
    ByteArray,
    BigInt,  // an integer beyond 64 bits
    Complex,
    Tuple,
    List,
    Set,
    FrozenSet,
    Dict,
    OrderedDict,
    Counter,
    Size,
    DType,
    Device,
    Layout,
    Tensor,
    Storage,
    Global,   // a class or function, by name
    Instance  // a call of one, with state
  };

  Object() = default;  // None
  Object(bool value) : kind_(Kind::Bool), int_(value) {}
  Object(int value) : Object(static_cast<long>(value)) {}
  Object(long value) : kind_(Kind::Int), int_(value) {}
  Object(long long value) : Object(static_cast<long>(value)) {}
  Object(double value) : kind_(Kind::Float), float_(value) {}
  Object(const char* text) : Object(std::string_view(text)) {}
  Object(const std::string& text) : Object(std::string_view(text)) {}
  Object(std::string_view text);
  Object(Tensor tensor);
  Object(DType dtype);
  /// A list.
  Object(const Tensors& tensors);
  Object(const std::vector<Object>& items);
  /// An ordered dict, as PyTorch's state_dict().
  Object(const nn::NamedTensors& tensors);
  /// {"state": {number: {name: tensor}}, "param_groups": […]}, as PyTorch's optimizers have it.
  Object(const optim::OptimizerState& state);
  Object(const Object& other);
  Object(Object&& other) noexcept : kind_(other.kind_), int_(other.int_) { other.kind_ = Kind::None; }
  Object& operator=(Object other) noexcept;
  ~Object() {
    if (owns()) drop();
  }

  Kind kind() const { return kind_; }
  bool is_none() const { return kind_ == Kind::None; }
  bool is_dict() const { return kind_ >= Kind::Dict && kind_ <= Kind::Counter; }
  bool is_sequence() const { return (kind_ >= Kind::Tuple && kind_ <= Kind::FrozenSet) || kind_ == Kind::Size; }

  // Each raises a TypeError that names what the value is if it is something else.
  bool to_bool() const;
  int64_t to_int() const;    // of a bool, an int or a tensor of one element
  double to_double() const;  // the same, or a float
  std::string text() const;  // of a string or of bytes
  gradus::Tensor tensor() const;
  gradus::DType dtype() const;
  /// A list, tuple or dict whose values are tensors.
  gradus::Tensors tensors() const;
  /// A dict from strings to tensors, as load_state_dict takes it.
  nn::NamedTensors named_tensors() const;
  /// What Optimizer::load_state_dict takes. Options that are no numbers (PyTorch's "foreach": None) are left out.
  optim::OptimizerState optimizer_state() const;

  /// Number of items; of a dict, of keys.
  int64_t size() const;
  /// An item of a list or tuple, or a value of a dict by its position. IndexError outside [-size(), size()).
  Object operator[](int64_t index) const;
  Object operator[](int index) const { return (*this)[static_cast<int64_t>(index)]; }
  /// A value of a dict. IndexError that lists the keys if it has no such key.
  Object operator[](std::string_view key) const;
  Object operator[](const char* key) const { return (*this)[std::string_view(key)]; }
  bool contains(std::string_view key) const;
  /// A key of a dict by its position.
  Object key(int64_t index) const;

  // ---- for readers and writers
  Object(Kind kind, detail::ObjectNode* node) : kind_(kind), node_(node) {}
  detail::ObjectNode* node() const { return node_; }
  bool owns() const { return kind_ >= Kind::String; }
  int64_t raw_int() const { return int_; }
  double raw_float() const { return float_; }

 private:
  void drop() noexcept;
  const Object* find(std::string_view key) const;
  [[noreturn]] void refuse(std::string_view wanted) const;

  Kind kind_ = Kind::None;
  union {
    int64_t int_ = 0;
    double float_;
    detail::ObjectNode* node_;
  };
};

/// A key of a dict and what stands under it.
struct ObjectItem {
  Object key, value;
};
Object dict(const std::vector<ObjectItem>& items);
Object list(const std::vector<Object>& items);
Object tuple(const std::vector<Object>& items);

/// The name of a kind as Python calls the type.
std::string_view name(Object::Kind kind);

}  // namespace gradus
