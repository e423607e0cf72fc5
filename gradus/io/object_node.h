// What a Object owns; for the readers and writers of files alone.
#pragma once
#include "gradus/io/object.h"

namespace gradus::detail {

struct ObjectNode {
  uint32_t refs = 1;
  int id = 0;  // of a Global: which of those that readers know; of a DType: which; of a Tensor: whether a parameter;
               // of a Storage: whether one of bytes, without a dtype
  bool new_object = false;  // of an Object: the class's __new__ is called, not the class
  double real = 0, imag = 0;
  /// Text, bytes, the little-endian digits of a BigInt, "module\nname" of a Global, the name of a Device.
  std::string text;
  /// Items; of a dict key, value, key, value, …; of an Object what kCallee, kArgs, … name, then its states.
  std::vector<Object> items;
  gradus::Tensor tensor;  // of a Storage: flat, over all of its elements
  Object attributes;      // of an OrderedDict or a Tensor: its __dict__
  Object type;            // of a Tensor: a Global if it is no plain tensor

  enum { kCallee, kArgs, kListItems, kDictItems, kStates };
};

inline Object make_object(Object::Kind kind) { return {kind, new ObjectNode}; }
inline Object make_object(Object::Kind kind, std::string text) {
  Object v = make_object(kind);
  v.node()->text = static_cast<std::string&&>(text);
  return v;
}
inline Object make_object(Object::Kind kind, std::vector<Object> items) {
  Object v = make_object(kind);
  v.node()->items = static_cast<std::vector<Object>&&>(items);
  return v;
}

/// A storage seen as elements of a dtype: `flat` is over all of them.
inline Object flat_storage(gradus::Tensor flat) {
  Object v = make_object(Object::Kind::Storage);
  v.node()->tensor = static_cast<gradus::Tensor&&>(flat);
  return v;
}

}  // namespace gradus::detail
