// Values as pickles of protocol 2, in PyTorch's names: what torch.load(weights_only=True) reads.
#pragma once
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "gradus/core/impl.h"
#include "gradus/io/object.h"

namespace gradus::io {

/// Writes one value. Tensors appear as references to their storages, which are listed for the caller to store.
class Pickler {
 public:
  /// `legacy`: references as files before PyTorch 1.6 have them.
  explicit Pickler(bool legacy = false) : legacy_(legacy) {}
  /// RuntimeError for what PyTorch refuses too: one memory seen as several dtypes.
  void dump(const Object& value);
  const std::string& bytes() const { return out_; }
  /// In the order of their keys "0", "1", …; borrowed from the value.
  const std::vector<Storage*>& storages() const { return storages_; }
  const std::vector<DType>& dtypes() const { return dtypes_; }

 private:
  void write(const Object& v);
  void write_new(const Object& v);
  void write_call(const Object& v);
  void write_int(int64_t value);
  void write_big(const std::string& digits);
  void write_text(const std::string& text);
  void write_name(const std::string& text);  // a string that is likely to come again
  void write_global(const std::string& module_and_name);
  void write_bytes(const std::string& bytes);
  void write_items(const std::vector<Object>& items);
  void write_pairs(const std::vector<Object>& items);
  void write_tuple(const Object& v);
  void write_dict(const Object& v);
  void write_object(const Object& v);
  void write_tensor(const Object& v);
  void write_arguments(const gradus::Tensor& t, bool requires_grad);
  void write_sizes(const IntList& sizes);
  void write_storage(const gradus::Tensor& t, bool untyped = false);
  void write_hooks();
  void close_tuple(size_t n);
  void call();  // of what lies on the stack; the result is remembered
  void remember();
  void recall(uint32_t number);

  bool legacy_;
  int depth_ = 0;
  uint32_t remembered_ = 0;
  std::string out_;
  std::unordered_map<const void*, uint32_t> memo_;
  std::unordered_map<std::string, uint32_t> names_;
  std::unordered_map<const Storage*, size_t> keys_;
  std::vector<Storage*> storages_;
  std::vector<DType> dtypes_;
};

}  // namespace gradus::io
