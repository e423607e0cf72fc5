// Working memory of one thread, kept from call to call.
#pragma once
#include <cstdint>
#include <new>

namespace gradus {

/// Grows to the largest size asked for; what it held is lost then. Aligned to 64 bytes.
class Scratch {
 public:
  constexpr Scratch() = default;
  Scratch(const Scratch&) = delete;
  ~Scratch() { free(); }
  /// Raises std::bad_alloc.
  char* get(int64_t bytes) {
    if (bytes > bytes_) [[unlikely]]
      grow(bytes);
    return data_;
  }

 private:
  static constexpr std::align_val_t kAlign{64};
  void free() { ::operator delete(data_, kAlign); }
  void grow(int64_t bytes) {
    free();
    data_ = nullptr;
    bytes_ = 0;
    data_ = static_cast<char*>(::operator new(static_cast<size_t>(bytes), kAlign));
    bytes_ = bytes;
  }
  char* data_ = nullptr;
  int64_t bytes_ = 0;
};

}  // namespace gradus
