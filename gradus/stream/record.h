// One operation as the executor sees it: a kernel, the views it reads and writes, its numbers. Never a tensor.
#pragma once
#include <cstdint>

#include "gradus/core/impl.h"
#include "gradus/core/scalar.h"

namespace gradus {

/// A number converted to the compute type of a kernel.
struct Splat {
  alignas(8) unsigned char bytes[8];
};
Splat make_splat(const Scalar& value, DType compute);

/// What a kernel receives. Arrays of scalar operands are 0-d and point at their splat.
struct Launch {
  const Array* out = nullptr;
  const Array* in = nullptr;
  int n_out = 0, n_in = 0;
  const int64_t* ints = nullptr;
  const double* floats = nullptr;
  const void* info = nullptr;  // constant data of the operator, if its kernel is shared by several
};
using Run = void (*)(const Launch&);

/// Where `in[i]` is null, the input is the number `splats[i]`, or absent (no data) if there are no splats.
struct Record {
  Run run = nullptr;
  const void* info = nullptr;
  View* const* out = nullptr;
  View* const* in = nullptr;
  const Splat* splats = nullptr;
  DType splat_dtype = DType::Float32;
  int n_out = 0, n_in = 0;
  const int64_t* ints = nullptr;
  const double* floats = nullptr;
};

/// Takes the record over for execution; the only way to a kernel. Runs it at once.
void submit(const Record&);

}  // namespace gradus
