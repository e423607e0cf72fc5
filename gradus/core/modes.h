// Per-thread and process-wide switches: grad mode, default dtype.
#pragma once
#include <cstdint>

#include "gradus/core/dtype.h"

namespace gradus {

namespace detail {
struct Modes {
  bool no_grad = false;
  uint8_t special = 0;    // bits of Special: whatever is rare, tested together
  uint64_t sequence = 0;  // of the nodes made on this thread
};
enum Special : uint8_t { kSavedHooks = 1 };
extern constinit thread_local Modes modes;
extern DType default_dtype;
}  // namespace detail

inline bool is_grad_enabled() { return !detail::modes.no_grad; }
inline void set_grad_enabled(bool enabled) { detail::modes.no_grad = !enabled; }

/// Sets grad mode for a scope: `NoGrad guard;`.
class GradMode {
 public:
  explicit GradMode(bool enabled) : before_(is_grad_enabled()) { set_grad_enabled(enabled); }
  ~GradMode() { set_grad_enabled(before_); }
  GradMode(const GradMode&) = delete;
  GradMode& operator=(const GradMode&) = delete;

 private:
  bool before_;
};
struct NoGrad : GradMode {
  NoGrad() : GradMode(false) {}
};
struct EnableGrad : GradMode {
  EnableGrad() : GradMode(true) {}
};

/// The dtype of floats without a dtype of their own (float32 unless changed).
inline DType default_dtype() { return detail::default_dtype; }
void set_default_dtype(DType dtype);  // TypeError unless floating

}  // namespace gradus
