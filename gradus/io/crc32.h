// The checksum of zip archives (CRC-32, polynomial 0xEDB88320 reflected).
#pragma once
#include <cstddef>
#include <cstdint>

namespace gradus::io {

/// The checksum of what `crc` stands for followed by `size` bytes; start with 0.
uint32_t crc32(uint32_t crc, const void* data, size_t size);
/// The same, copying the bytes to `to` on the way.
uint32_t copy_crc32(uint32_t crc, void* to, const void* from, size_t size);

}  // namespace gradus::io
