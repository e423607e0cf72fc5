// NumPy's files: one array in .npy, several in .npz.
#pragma once
#include <string>

#include "gradus/nn/module.h"

namespace gradus {

/// Writes a tensor row by row, as np.save does; the file appears whole. NumPy has no bfloat16: such tensors are written
/// as two raw bytes an element ('V2', what the package ml_dtypes does). RuntimeError if the file cannot be written.
void save_npy(const Tensor& tensor, const std::string& path);
/// Reads an array of versions 1 to 3, either byte order, into memory of its own; arrays in Fortran's order come with
/// their strides. ValueError for broken files, TypeError for arrays of other types (objects, texts, complex numbers).
Tensor load_npy(const std::string& path);

/// Writes an archive of arrays, as np.savez does. ValueError for a name given twice.
void save_npz(const nn::NamedTensors& tensors, const std::string& path);
/// Reads what np.savez or np.savez_compressed wrote, in the order of the file.
nn::NamedTensors load_npz(const std::string& path);

}  // namespace gradus
