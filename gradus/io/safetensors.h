// The safetensors format: named tensors and texts, one header and the bytes, nothing that could run.
#pragma once
#include <string>
#include <vector>

#include "gradus/nn/module.h"

namespace gradus {

/// A text and the key under which a file holds it.
struct TextItem {
  std::string key, value;
};

/// Tensors by name, in the order of the file, and the texts beside them.
struct Safetensors {
  nn::NamedTensors tensors;
  std::vector<TextItem> metadata;
};

/// Writes tensors to a file that appears whole. ValueError for a name given twice or a tensor that is not contiguous,
/// RuntimeError for tensors that share memory (the format has no word for that) and for files that cannot be written.
void save_safetensors(const nn::NamedTensors& tensors, const std::string& path,
                      const std::vector<TextItem>& metadata = {});

/// Reads a file; the tensors lie in the mapped file and are read when they are used. Raises for files that break any
/// rule of the format: a header above 100 MB, tensors that overlap, leave gaps or reach outside, sizes that disagree.
Safetensors load_safetensors(const std::string& path);

}  // namespace gradus
