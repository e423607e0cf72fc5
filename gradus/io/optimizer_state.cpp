// The state of optimizers as PyTorch's dicts have it, and back.
#include "gradus/core/format.h"
#include "gradus/gen/functions.h"
#include "gradus/io/object.h"
#include "gradus/io/object_node.h"
#include "gradus/io/values.h"

namespace gradus {

namespace {

using Kind = Object::Kind;

Object number(const Scalar& s) {
  if (s.is_bool()) return s.to_bool();
  if (s.is_integral()) return static_cast<long>(s.to_int());
  return s.to_double();
}

bool is_number(const Object& o) {
  return o.kind() == Kind::Bool || o.kind() == Kind::Int || o.kind() == Kind::Float ||
         (o.kind() == Kind::Tensor && o.tensor().numel() == 1);
}
Scalar scalar(const Object& o) {
  if (o.kind() == Kind::Bool) return o.to_bool();
  if (o.kind() == Kind::Int) return o.to_int();
  return o.kind() == Kind::Tensor ? o.tensor().item() : Scalar(o.to_double());
}

// Numbers and pairs of numbers; what else PyTorch keeps in a group steers how it computes.
void read_option(const std::string& name, const Object& value, optim::OptimizerState::Group& group) {
  std::vector<Scalar> values;
  if (is_number(value)) {
    values.push_back(scalar(value));
  } else if (value.is_sequence()) {
    for (int64_t i = 0; i < value.size(); ++i) {
      if (!is_number(value[i])) return;
      values.push_back(scalar(value[i]));
    }
  }
  if (!values.empty()) group.options.push_back({name, values});
}

}  // namespace

Object::Object(const optim::OptimizerState& state) {
  std::vector<ObjectItem> entries;
  for (const auto& entry : state.entries) {
    std::vector<ObjectItem> slots;
    for (const auto& slot : entry.slots) slots.push_back({slot.name, slot.value});
    entries.push_back({static_cast<long>(entry.param), dict(slots)});
  }
  std::vector<Object> groups;
  for (const auto& group : state.groups) {
    std::vector<ObjectItem> items;
    for (const auto& option : group.options) {
      std::vector<Object> values;
      for (const Scalar& s : option.values) values.push_back(number(s));
      items.push_back({option.name, values.size() == 1 ? values[0] : tuple(values)});
    }
    std::vector<Object> params;
    for (int64_t p : group.params) params.emplace_back(static_cast<long>(p));
    items.push_back({"params", list(params)});
    groups.push_back(dict(items));
  }
  *this = dict({{"state", dict(entries)}, {"param_groups", list(groups)}});
}

optim::OptimizerState Object::optimizer_state() const {
  optim::OptimizerState out;
  const Object state = (*this)["state"], groups = (*this)["param_groups"];
  for (int64_t i = 0; i < state.size(); ++i) {
    auto& entry = out.entries.emplace_back();
    entry.param = state.key(i).to_int();
    const Object slots = state[i];
    for (int64_t k = 0; k < slots.size(); ++k) {
      const Object value = slots[k];
      Tensor t = value.is_none()                ? Tensor()
                 : value.kind() == Kind::Tensor ? value.tensor()
                                                : gradus::tensor(value.to_double(), kFloat32);
      entry.slots.push_back({slots.key(k).text(), t});
    }
  }
  for (int64_t g = 0; g < groups.size(); ++g) {
    auto& group = out.groups.emplace_back();
    const Object items = groups[g];
    for (int64_t k = 0; k < items.size(); ++k) {
      const std::string name = items.key(k).text();
      if (name != "params") read_option(name, items[k], group);
    }
    const Object params = items["params"];
    for (int64_t p = 0; p < params.size(); ++p) group.params.push_back(params[p].to_int());
  }
  return out;
}

}  // namespace gradus
