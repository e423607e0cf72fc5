// Checkpoints: PyTorch's files, both ways. torch.save's files load here, and torch.load reads what is saved here.
#pragma once
#include <optional>
#include <string>

#include "gradus/core/device.h"
#include "gradus/io/object.h"

namespace gradus {

/// Saves a value as torch.save does. The file appears whole, under its name, once it is on the disk; a failing save
/// leaves the old file as it was. Tensors that share a storage share it in the file; a view takes its whole storage
/// along. RuntimeError if the file cannot be written.
void save(const Object& value, const std::string& path);

struct LoadOptions {
  /// Tensors lie in the mapped file instead of in copies: pages are read when they are used, and stay private when they
  /// are written to. The file must not be shortened or rewritten in place meanwhile (save never does).
  bool mmap = false;
  /// Where tensors go that were saved from a device. Without it a file with tensors of a GPU is refused.
  std::optional<Device> map_location = {};
};

/// Loads what torch.save or save wrote, also in the format before PyTorch 1.6. Nothing in the file is executed: it may
/// hold numbers, texts, tensors, parameters, containers, dtypes and devices, nothing else. Raises if the file is
/// missing, broken, or holds anything else (which is named).
Object load(const std::string& path, const LoadOptions& options = {});

}  // namespace gradus
