// The parts of safetensors.h that work on bytes in memory.
#pragma once
#include <string_view>

#include "gradus/io/file.h"
#include "gradus/io/safetensors.h"

namespace gradus::io {

/// What the header says of a tensor: its bytes are data[begin, end).
struct SafetensorsEntry {
  std::string name;
  DType dtype;
  Dims sizes;
  uint64_t begin, end;
};
struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;  // in the order of their bytes
  std::vector<TextItem> metadata;
  uint64_t data;  // where the bytes begin in the file
};

/// Reads and checks the header of a whole file. FileError (Safetensors) if it breaks a rule.
SafetensorsHeader read_safetensors_header(std::string_view bytes);
/// The tensor of an entry: in the mapping if there is one and the alignment permits, else a copy.
gradus::Tensor safetensors_tensor(std::string_view bytes, const SafetensorsHeader& header,
                                  const SafetensorsEntry& entry, Mapping* mapping);
void write_safetensors(const nn::NamedTensors& tensors, const std::vector<TextItem>& metadata, Sink& sink);

}  // namespace gradus::io
