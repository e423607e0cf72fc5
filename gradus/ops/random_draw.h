// How random operators reach the samplers: at the call, straight into the memory of the tensor.
#pragma once
#include "gradus/core/rng.h"
#include "gradus/ops/funnel.h"

namespace gradus {

/// Calls sample(generator, array of `out`); a null generator is the default one.
template <class Sample>
void draw(const Tensor& out, Generator* generator, Sample&& sample) {
  sample(generator ? *generator : default_generator(), out.impl()->view->array());
}

}  // namespace gradus
