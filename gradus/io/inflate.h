// Decompression of the "deflate" method of zip archives (RFC 1951): compressed .npz files use it.
#pragma once
#include <cstddef>
#include <string_view>

namespace gradus::io {

/// Unpacks `data` into exactly `size` bytes at `to`. False if the data are damaged or stand for another size.
bool inflate(std::string_view data, void* to, size_t size);

}  // namespace gradus::io
