// Which instruction set the kernels use. Every *.simd.cpp is compiled once per target, in the namespace GRADUS_TARGET.
#pragma once

namespace gradus {

enum class Target { baseline, avx2, avx512 };

/// The best target this CPU has; the environment variable GRADUS_TARGET (baseline, avx2, avx512) can lower it.
Target target();
const char* target_name();

}  // namespace gradus

/// A table that every target defines under the same name: GRADUS_PICK(gemm_table).
#if defined(__x86_64__)
#define GRADUS_PICK(table)                                        \
  (::gradus::target() == ::gradus::Target::avx512 ? avx512::table \
   : ::gradus::target() == ::gradus::Target::avx2 ? avx2::table   \
                                                  : baseline::table)
#define GRADUS_DECLARE_TABLE(type, table) \
  namespace baseline {                    \
  extern const type table;                \
  }                                       \
  namespace avx2 {                        \
  extern const type table;                \
  }                                       \
  namespace avx512 {                      \
  extern const type table;                \
  }
#else
#define GRADUS_PICK(table) (baseline::table)
#define GRADUS_DECLARE_TABLE(type, table) \
  namespace baseline {                    \
  extern const type table;                \
  }
#endif
