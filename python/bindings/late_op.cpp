// Look-up of operators by name, and the tensors the binding makes without an operator.
#include "python/bindings/late_op.h"

#include "gradus/core/format.h"
#include "gradus/core/impl.h"

namespace gradus::py {

const OpEntry* find_entry(std::string_view name) {
  const auto dot = name.find('.');
  const auto base = name.substr(0, dot);
  const auto overload = dot == name.npos ? std::string_view{} : name.substr(dot + 1);
  for (int t = 0; t < n_op_tables; ++t)
    for (int i = 0; i < *op_tables[t].size; ++i) {
      const Schema& s = op_tables[t].entries[i].op->schema;
      if (s.name == base && s.overload == overload) return &op_tables[t].entries[i];
    }
  return nullptr;
}

AnyFn find_operator(std::string_view name, OpForm form, void (*call)(AnyFn, const Value*, Results&)) {
  const OpEntry* entry = find_entry(name);
  const Boxed boxed = !entry ? Boxed{} : form == OpForm::InPlace ? entry->inplace : entry->function;
  check_as(ErrorKind::NotImplemented, boxed.fn, "operator ", name, " is not implemented");
  check_as(ErrorKind::NotImplemented, boxed.call == call, "operator ", name, " has an unexpected C++ type");
  return boxed.fn;
}

Tensor fresh_tensor(const IntList& sizes, DType dtype) {
  Storage* storage = new_storage(product(sizes) * item_size(dtype));
  return Tensor(new_tensor(new_view(storage, dtype, sizes, {}, 0)));
}

Tensor scalar_tensor(Scalar value, DType dtype) {
  Tensor t = fresh_tensor(IntList{}, dtype);
  dispatch(dtype, [&]<class T>() {
    auto* p = static_cast<T*>(t.data_ptr());
    if constexpr (std::is_same_v<T, bool>) *p = value.to_bool();
    else if constexpr (DTypeOf<T>::value >= DType::Float16)
      *p = static_cast<T>(static_cast<std::conditional_t<std::is_same_v<T, double>, double, float>>(value.to_double()));
    else *p = static_cast<T>(value.to_int());
  });
  return t;
}

}  // namespace gradus::py
