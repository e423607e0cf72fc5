// How random operators reach the samplers: at the call, straight into the memory of the tensor.
#pragma once
#include <exception>
#include <optional>

#include "gradus/core/rng.h"
#include "gradus/ops/funnel.h"

namespace gradus {

/// Calls sample(generator, array of `out`); a null generator is the default one.
template <class Sample>
void draw(const Tensor& out, Generator* generator, Sample&& sample) {
  sample(generator ? *generator : default_generator(), out.impl()->view->array());
}

/// Takes a generator back to where it was if the call fails after drawing for a tensor like `drawn`. A small one is not
/// worth the copy of the state: memory for it is at hand.
class Rewind {
 public:
  explicit Rewind(const Tensor& drawn, Generator* generator = nullptr) {
    if (drawn.numel() * item_size(drawn.dtype()) < 4096) return;
    generator_ = generator ? generator : &default_generator();
    before_ = generator_->snapshot();
  }
  Rewind(const Rewind&) = delete;
  Rewind& operator=(const Rewind&) = delete;
  ~Rewind() {
    if (before_ && std::uncaught_exceptions() > exceptions_) generator_->restore(*before_);
  }

 private:
  Generator* generator_ = nullptr;
  int exceptions_ = std::uncaught_exceptions();
  std::optional<Generator::State> before_;
};

}  // namespace gradus
