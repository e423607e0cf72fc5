// One declaration for operators that differ in their name alone.
#pragma once
#include <string_view>

namespace gradus {

/// `names` stand for `{}` in the other texts. tools/opgen.py writes for every name the literal, the function and its
/// in-place form; `call` is what the function returns, or does with the i-th tensors of its lists. An empty one means
/// that there is no such form.
struct Family {
  std::string_view schema, doc, names, call, inplace_call;
};

}  // namespace gradus
