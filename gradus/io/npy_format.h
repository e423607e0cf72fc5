// The parts of npy.h that work on bytes in memory.
#pragma once
#include <string_view>

#include "gradus/core/tensor.h"
#include "gradus/io/file.h"
#include "gradus/nn/module.h"

namespace gradus::io {

gradus::Tensor read_npy(std::string_view bytes);
nn::NamedTensors read_npz(std::string_view bytes);

}  // namespace gradus::io
