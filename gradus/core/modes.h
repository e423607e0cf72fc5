// Per-thread and process-wide switches: grad mode, default dtype.
#pragma once
#include <cstdint>

#include "gradus/core/dtype.h"

namespace gradus {

namespace detail {
enum : uint8_t { kGradOff = 1, kInferring = 2 };
struct Modes {
  uint8_t no_grad = 0;    // of the bits above; nothing is recorded unless it is 0
  uint8_t special = 0;    // bits of Special: whatever is rare, tested together
  uint64_t sequence = 0;  // of the nodes made on this thread
};
enum Special : uint8_t { kSavedHooks = 1 };
extern constinit thread_local Modes modes;
extern bool anomaly;  // of the whole process: nodes and writes remember where they were made
extern DType default_dtype;
}  // namespace detail

/// True if operations are recorded for backward.
inline bool is_grad_enabled() { return !detail::modes.no_grad; }
/// Has no effect while in inference mode, but outlives it.
inline void set_grad_enabled(bool enabled) {
  detail::modes.no_grad = static_cast<uint8_t>((detail::modes.no_grad & detail::kInferring) | !enabled);
}
inline bool is_inference_mode_enabled() { return detail::modes.no_grad & detail::kInferring; }

/// Sets grad mode for a scope: `NoGrad guard;`.
class GradMode {
 public:
  explicit GradMode(bool enabled) : before_(detail::modes.no_grad) { set_grad_enabled(enabled); }
  ~GradMode() { detail::modes.no_grad = before_; }
  GradMode(const GradMode&) = delete;
  GradMode& operator=(const GradMode&) = delete;

 private:
  uint8_t before_;
};
/// Inference mode for a scope: nothing is recorded, and new tensors are inference tensors, which count no versions and
/// can take no part in recorded computation later. `InferenceMode(false)` is the ordinary mode inside of it.
class InferenceMode {
 public:
  explicit InferenceMode(bool enabled = true) : before_(detail::modes.no_grad) {
    detail::modes.no_grad = enabled ? detail::kGradOff | detail::kInferring : 0;
  }
  ~InferenceMode() { detail::modes.no_grad = before_; }
  InferenceMode(const InferenceMode&) = delete;
  InferenceMode& operator=(const InferenceMode&) = delete;

 private:
  uint8_t before_;
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
