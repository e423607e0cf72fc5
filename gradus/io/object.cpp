// Values: counted nodes, and the conversions that say what was there when they fail.
#include "gradus/io/object.h"

#include "gradus/core/format.h"
#include "gradus/core/impl.h"
#include "gradus/core/refcount.h"
#include "gradus/gen/functions.h"
#include "gradus/io/object_node.h"

namespace gradus {

using detail::make_object;
using detail::ObjectNode;

using Kind = Object::Kind;

std::string_view name(Kind kind) {
  constexpr std::string_view names[] = {
      "NoneType", "bool",  "int",          "float",        "str",       "bytes",   "bytearray",         "int",
      "complex",  "tuple", "list",         "set",          "frozenset", "dict",    "OrderedDict",       "Counter",
      "Size",     "dtype", "torch.device", "torch.layout", "Tensor",    "Storage", "class or function", "object"};
  return names[static_cast<int>(kind)];
}

Object::Object(std::string_view text) : Object(make_object(Kind::String, std::string(text))) {}
Object::Object(Tensor tensor) {
  if (!tensor.defined()) return;
  *this = make_object(Kind::Tensor);
  node_->id = tensor.impl()->has(TensorImpl::kParameter);
  node_->tensor = static_cast<Tensor&&>(tensor);
}
Object::Object(DType dtype) : Object(make_object(Kind::DType)) { node_->id = static_cast<int>(dtype); }
Object::Object(const std::vector<Object>& items) : Object(make_object(Kind::List, items)) {}
Object::Object(const Tensors& tensors) : Object(make_object(Kind::List)) {
  for (const Tensor& t : tensors) node_->items.emplace_back(t);
}
Object::Object(const nn::NamedTensors& tensors) : Object(make_object(Kind::OrderedDict)) {
  for (const nn::NamedTensor& t : tensors) {
    node_->items.emplace_back(t.name);
    node_->items.emplace_back(t.tensor);
  }
}

Object::Object(const Object& other) : kind_(other.kind_), int_(other.int_) {
  if (owns()) ref_inc(node_->refs);
}
Object& Object::operator=(Object other) noexcept {
  const Kind kind = kind_;
  const int64_t bits = int_;
  kind_ = other.kind_, int_ = other.int_;
  other.kind_ = kind, other.int_ = bits;
  return *this;
}
void Object::drop() noexcept {
  if (ref_dec(node_->refs)) delete node_;
}

void Object::refuse(std::string_view wanted) const {
  raise(ErrorKind::Type, str("expected ", wanted, ", but the value is a ", name(kind_)));
}

bool Object::to_bool() const {
  if (kind_ != Kind::Bool) refuse("a bool");
  return int_;
}
int64_t Object::to_int() const {
  if (kind_ == Kind::Tensor) return node_->tensor.item().to_int();
  if (kind_ != Kind::Bool && kind_ != Kind::Int) refuse("an int");
  return int_;
}
double Object::to_double() const {
  if (kind_ == Kind::Float) return float_;
  if (kind_ == Kind::Tensor) return node_->tensor.item().to_double();
  if (kind_ != Kind::Bool && kind_ != Kind::Int) refuse("a number");
  return static_cast<double>(int_);
}
std::string Object::text() const {
  if (kind_ != Kind::String && kind_ != Kind::Bytes && kind_ != Kind::ByteArray) refuse("a str");
  return node_->text;
}
Tensor Object::tensor() const {
  if (kind_ != Kind::Tensor) refuse("a Tensor");
  return node_->tensor;
}
DType Object::dtype() const {
  if (kind_ != Kind::DType) refuse("a dtype");
  return static_cast<DType>(node_->id);
}
Tensors Object::tensors() const {
  Tensors out;
  for (int64_t i = 0; i < size(); ++i) out.push_back((*this)[i].tensor());
  return out;
}
nn::NamedTensors Object::named_tensors() const {
  if (!is_dict()) refuse("a dict of tensors");
  nn::NamedTensors out;
  for (size_t i = 0; i < node_->items.size(); i += 2)
    out.push_back({node_->items[i].text(), node_->items[i + 1].tensor()});
  return out;
}

int64_t Object::size() const {
  if (!is_dict() && !is_sequence()) refuse("a list or a dict");
  return static_cast<int64_t>(node_->items.size()) / (is_dict() ? 2 : 1);
}
Object Object::operator[](int64_t index) const {
  const int64_t n = size(), i = index < 0 ? index + n : index;
  check_as(ErrorKind::Index, i >= 0 && i < n, "index ", index, " is out of range for ", n, " items");
  return node_->items[static_cast<size_t>(is_dict() ? 2 * i + 1 : i)];
}
Object Object::key(int64_t index) const {
  if (!is_dict()) refuse("a dict");
  const int64_t n = size(), i = index < 0 ? index + n : index;
  check_as(ErrorKind::Index, i >= 0 && i < n, "index ", index, " is out of range for ", n, " keys");
  return node_->items[static_cast<size_t>(2 * i)];
}
const Object* Object::find(std::string_view key) const {
  if (!is_dict()) refuse("a dict");
  const std::vector<Object>& items = node_->items;
  for (size_t i = items.size(); i; i -= 2)  // of equal keys the last counts
    if (items[i - 2].kind_ == Kind::String && items[i - 2].node_->text == key) return &items[i - 1];
  return nullptr;
}
bool Object::contains(std::string_view key) const { return find(key); }
Object Object::operator[](std::string_view key) const {
  if (const Object* found = find(key)) return *found;
  std::string keys;
  for (int64_t i = 0; i < size() && i < 20; ++i)
    if (this->key(i).kind_ == Kind::String) keys += (keys.empty() ? "'" : ", '") + this->key(i).text() + "'";
  raise(ErrorKind::Index, str("no key '", key, "' among ", keys));
}

Object dict(const std::vector<ObjectItem>& items) {
  Object v = make_object(Kind::Dict);
  for (const ObjectItem& item : items) {
    v.node()->items.push_back(item.key);
    v.node()->items.push_back(item.value);
  }
  return v;
}
Object list(const std::vector<Object>& items) { return make_object(Kind::List, items); }
Object tuple(const std::vector<Object>& items) { return make_object(Kind::Tuple, items); }

}  // namespace gradus
