// Where a tensor lives, how it is laid out in memory: types with one value today, so that signatures need not change.
#pragma once
#include <cstdint>

namespace gradus {

enum class Device : uint8_t { CPU };
enum class Layout : uint8_t { Strided };
enum class MemoryFormat : uint8_t { Contiguous, Preserve, ChannelsLast, ChannelsLast3d };

}  // namespace gradus
