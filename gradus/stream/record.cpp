// Running one record.
#include "gradus/stream/record.h"

#include <cstring>
#include <memory>

#include "gradus/core/geometry.h"

namespace gradus {

Splat make_splat(const Scalar& value, DType compute) {
  Splat s{};
  dispatch(compute, [&]<class T>() {
    T v{};
    if constexpr (std::is_same_v<T, bool>) v = value.to_bool();
    else if constexpr (DTypeOf<T>::value >= DType::Float16) v = static_cast<T>(static_cast<float>(value.to_double()));
    else v = static_cast<T>(value.to_int());
    if constexpr (std::is_same_v<T, double>) v = value.to_double();
    std::memcpy(s.bytes, &v, sizeof v);
  });
  return s;
}

void run_now(const Record& r) {
  constexpr int kMax = 16;
  alignas(Array) unsigned char stack[kMax * sizeof(Array)];  // not initialised: an op pays for what it uses
  const int n = r.n_in + r.n_out;
  std::unique_ptr<Array[]> heap;
  if (n > kMax) heap.reset(new Array[static_cast<size_t>(n)]);
  Array* arrays = heap ? heap.get() : reinterpret_cast<Array*>(stack);
  for (int i = 0; i < r.n_out; ++i) new (arrays + i) Array(r.out[i]->raw_array());
  Array* in = arrays + r.n_out;
  for (int i = 0; i < r.n_in; ++i)
    new (in + i)
        Array(r.in[i]     ? r.in[i]->raw_array()
              : !r.splats ? Array{}
                          : Array{const_cast<unsigned char*>(r.splats[i].bytes), r.splat_dtype, 0, nullptr, nullptr});
  const Launch launch{arrays, in, r.n_out, r.n_in, r.ints, r.floats, r.info};
  const auto names_some_twice = [](const View& v) { return !v.contiguous && !is_nested(v.sizes(), v.strides()); };
  if (r.n_out == 1 && names_some_twice(*r.out[0])) [[unlikely]]
    return run_over_itself(r, launch);
  r.run(launch);
}

}  // namespace gradus
