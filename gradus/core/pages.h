// Memory from the system for large blocks, in huge pages where the system has them. Not thread-safe.
#pragma once
#include <cstdint>
#include <vector>

namespace gradus {

/// Cuts blocks out of slabs of huge pages: blocks that lie side by side need few entries of the processor's address
/// cache, and the first touch of a page costs once in 2 MB. A slab goes back to the system with its last block.
class Pages {
 public:
  /// Blocks of at least kLeast and at most kMost bytes share slabs; others have memory of their own.
  static constexpr int64_t kLeast = 32 << 10, kMost = 4 << 20;

  /// Aligned to 64 bytes; null if there is no memory.
  void* get(int64_t bytes);
  /// Takes back a block of that many bytes.
  void put(void* block, int64_t bytes);

 private:
  struct Hole {
    int64_t begin, end;  // bytes from the start of the slab
  };
  struct Slab {
    char* begin;
    std::vector<Hole> holes;  // what is free, in order, never adjacent
    char* cut(int64_t bytes);
    void join(Hole freed) noexcept;
    bool empty() const;
  };
  std::vector<Slab> slabs_;
};

}  // namespace gradus
