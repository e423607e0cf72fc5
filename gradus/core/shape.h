// Lists of integers: IntList borrows, Dims owns (up to six in place).
#pragma once
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <span>
#include <vector>

namespace gradus {

/// A borrowed list of int64: what operators take for sizes, strides and dims.
class IntList {
 public:
  constexpr IntList() = default;
  constexpr IntList(const int64_t* data, int64_t size) : data_(data), size_(size) {}
  /// A single dimension, so that sum(x, 1) reads like PyTorch's.
  constexpr IntList(int64_t one) : size_(1), one_(one) {}
  constexpr IntList(int one) : size_(1), one_(one) {}
  constexpr IntList(std::initializer_list<int64_t> list) : size_(static_cast<int64_t>(list.size())) {
    data_ = list.begin();
  }
  IntList(const std::vector<int64_t>& list) : data_(list.data()), size_(static_cast<int64_t>(list.size())) {}
  IntList(std::span<const int64_t> list) : data_(list.data()), size_(static_cast<int64_t>(list.size())) {}

  constexpr const int64_t* data() const { return data_ ? data_ : &one_; }
  constexpr int64_t size() const { return size_; }
  constexpr bool empty() const { return size_ == 0; }
  constexpr int64_t operator[](int64_t i) const { return data()[i]; }
  constexpr int64_t back() const { return data()[size_ - 1]; }
  constexpr const int64_t* begin() const { return data(); }
  constexpr const int64_t* end() const { return data() + size_; }
  friend constexpr bool operator==(const IntList& a, const IntList& b) {
    if (a.size_ != b.size_) return false;
    for (int64_t i = 0; i < a.size_; ++i)
      if (a[i] != b[i]) return false;
    return true;
  }

 private:
  const int64_t* data_ = nullptr;
  int64_t size_ = 0;
  int64_t one_ = 0;
};

/// An optional IntList that braces can build: sum(x, {0, 1}).
class OptIntList {
 public:
  constexpr OptIntList() = default;
  constexpr OptIntList(std::nullopt_t) {}
  constexpr OptIntList(IntList list) : list_(list), has_(true) {}
  constexpr OptIntList(std::initializer_list<int64_t> list) : list_(list), has_(true) {}
  constexpr OptIntList(int64_t one) : list_(one), has_(true) {}
  constexpr OptIntList(int one) : list_(one), has_(true) {}
  OptIntList(const std::vector<int64_t>& list) : list_(list), has_(true) {}
  inline OptIntList(const class Dims& list);

  constexpr bool has_value() const { return has_; }
  constexpr explicit operator bool() const { return has_; }
  constexpr const IntList& operator*() const { return list_; }
  constexpr const IntList* operator->() const { return &list_; }

 private:
  IntList list_;
  bool has_ = false;
};

/// An owned list of int64; no allocation up to six entries.
class Dims {
 public:
  Dims() = default;
  Dims(IntList list) { assign(list.begin(), list.size()); }
  Dims(std::initializer_list<int64_t> list) : Dims(IntList(list)) {}
  explicit Dims(int64_t size, int64_t value) {
    resize(size);
    for (int64_t i = 0; i < size; ++i) (*this)[i] = value;
  }
  Dims(const Dims& other) : Dims(IntList(other)) {}
  Dims(Dims&& other) noexcept { steal(other); }
  Dims& operator=(const Dims& other) {
    if (this != &other) assign(other.data(), other.size_);
    return *this;
  }
  template <class L>
  requires std::is_same_v<L, IntList>  // not for braces, which make Dims
      Dims& operator=(const L& list) {
    assign(list.data(), list.size());
    return *this;
  }
  Dims& operator=(Dims&& other) noexcept {
    if (this != &other) {
      release();
      steal(other);
    }
    return *this;
  }
  ~Dims() { release(); }

  operator IntList() const { return {data(), size_}; }
  int64_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  int64_t* data() { return heap_ ? heap_ : inline_; }
  const int64_t* data() const { return heap_ ? heap_ : inline_; }
  int64_t& operator[](int64_t i) { return data()[i]; }
  int64_t operator[](int64_t i) const { return data()[i]; }
  int64_t back() const { return data()[size_ - 1]; }
  int64_t* begin() { return data(); }
  int64_t* end() { return data() + size_; }
  const int64_t* begin() const { return data(); }
  const int64_t* end() const { return data() + size_; }

  void resize(int64_t size) {
    if (size > capacity_) grow(size);
    size_ = size;
  }
  void push_back(int64_t value) {
    resize(size_ + 1);
    data()[size_ - 1] = value;
  }
  void insert(int64_t at, int64_t value) {
    push_back(value);
    for (int64_t i = size_ - 1; i > at; --i) (*this)[i] = (*this)[i - 1];
    (*this)[at] = value;
  }
  void erase(int64_t at) {
    for (int64_t i = at; i + 1 < size_; ++i) (*this)[i] = (*this)[i + 1];
    --size_;
  }
  friend bool operator==(const Dims& a, const Dims& b) { return IntList(a) == IntList(b); }
  friend bool operator==(const Dims& a, const IntList& b) { return IntList(a) == b; }

 private:
  static constexpr int64_t kInline = 6;
  void assign(const int64_t* from, int64_t size) {
    resize(size);
    int64_t* to = data();
    if (size > 4) {
      std::memmove(to, from, static_cast<size_t>(size) * sizeof(int64_t));
      return;
    }
    if (size > 0) to[0] = from[0];
    if (size > 1) to[1] = from[1];
    if (size > 2) to[2] = from[2];
    if (size > 3) to[3] = from[3];
  }
  void grow(int64_t size) {
    const int64_t capacity = size < 2 * capacity_ ? 2 * capacity_ : size;
    auto* fresh = new int64_t[static_cast<size_t>(capacity)];
    std::memcpy(fresh, data(), static_cast<size_t>(size_) * sizeof(int64_t));
    delete[] heap_;
    heap_ = fresh;
    capacity_ = capacity;
  }
  void steal(Dims& other) {
    size_ = other.size_;
    capacity_ = other.capacity_;
    heap_ = other.heap_;
    if (!heap_) std::memcpy(inline_, other.inline_, static_cast<size_t>(size_) * sizeof(int64_t));
    other.heap_ = nullptr;
    other.capacity_ = kInline;
    other.size_ = 0;
  }
  void release() {
    delete[] heap_;
    heap_ = nullptr;
    capacity_ = kInline;
    size_ = 0;
  }

  int64_t size_ = 0;
  int64_t capacity_ = kInline;
  int64_t* heap_ = nullptr;
  int64_t inline_[kInline];
};

inline OptIntList::OptIntList(const Dims& list) : list_(list), has_(true) {}

inline int64_t product(const IntList& sizes) {
  int64_t n = 1;
  for (int64_t s : sizes) n *= s;
  return n;
}

}  // namespace gradus
