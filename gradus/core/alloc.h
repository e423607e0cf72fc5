// Memory: pooled objects and a caching allocator for tensor data, 64-byte aligned.
#pragma once
#include <cstddef>
#include <cstdint>

namespace gradus {

/// Small objects (tensors, views, nodes): per-thread free lists by 64-byte class. `bytes` must be passed back to put.
void* pool_get(size_t bytes);
void pool_put(void* block, size_t bytes) noexcept;

/// Tensor data of `bytes` bytes (uninitialised). Raises OutOfMemory. Blocks return to a bounded cache.
void* data_get(int64_t bytes);
void data_put(void* block, int64_t bytes) noexcept;

/// Counters of tensor data, in bytes and blocks. `peak` counts blocks above 1 KiB and is reset by reset_peak_memory.
struct MemoryStats {
  int64_t allocated, peak, cached;
  int64_t live_blocks, total_blocks;
};
MemoryStats memory_stats();
void reset_peak_memory();
void empty_cache();

/// For tests: of the data that this thread allocates from now on, the `nth` allocation (from 1) and the `count - 1`
/// after it raise OutOfMemory; 0 ends it. Returns how many allocations there were since failures were last ordered.
int64_t fail_allocation(int64_t nth, int64_t count = 1);

/// Live objects of each kind: the leak tests compare before and after.
struct Census {
  int64_t storages, tensors, nodes;
};
Census census();
namespace detail {
enum ObjectKind { kStorages, kTensors, kNodes };
void count_object(ObjectKind kind, int64_t delta) noexcept;
}  // namespace detail

}  // namespace gradus
