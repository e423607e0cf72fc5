// What a Tensor is made of: Storage (memory), View (immutable geometry over a Storage), Version, TensorImpl, Node.
#pragma once
#include <cstdint>

#include "gradus/core/alloc.h"
#include "gradus/core/array.h"
#include "gradus/core/modes.h"
#include "gradus/core/refcount.h"
#include "gradus/core/shape.h"

namespace gradus {

struct Node;
struct NodeType;
struct Op;
struct TensorImpl;

/// Memory shared by all views of a tensor.
struct Storage {
  uint32_t refs = 1;
  uint32_t flags = 0;
  void* data = nullptr;
  int64_t bytes = 0;
  void (*release)(void* context) = nullptr;  // foreign memory: called instead of data_put
  void* context = nullptr;
  uint32_t exports = 0;  // live NumPy arrays or DLPack capsules over this memory
  uint32_t slot = 0;     // its number in the segment that mentions it
  void* py = nullptr;    // the Python object while there is one, set by the binding
  void* home = nullptr;  // the stream whose segment mentions it

  /// kEscaped: somebody outside has its address. kRead, kWritten: by operations that wait.
  enum : uint32_t { kForeign = 1, kReadOnly = 2, kShrunk = 4, kShared = 8, kEscaped = 16, kRead = 32, kWritten = 64 };
  bool has(uint32_t any) const { return __atomic_load_n(&flags, __ATOMIC_ACQUIRE) & any; }
  /// Once false, what another thread has run of it is seen here.
  bool pending() const { return has(kRead | kWritten); }
  bool pending_write() const { return has(kWritten); }
  bool resizable() const { return !(flags & (kForeign | kShared)) && !exports; }
};
Storage* new_storage(int64_t bytes);
/// Memory is allocated when something is written.
Storage* new_lazy_storage(int64_t bytes);
/// Allocates the memory of a lazy storage. Raises OutOfMemory.
void materialise(Storage& s);
/// Runs everything that waits and mentions the storage: its memory may be looked at and written then.
void settle(Storage& s);
struct View;
/// Whether the view has one holder, and its memory only so many views; what waits does not count.
bool held_once(const View& v, uint32_t views);
/// Runs everything that waits on this thread, and what ended threads have left. Defined, like settle(), by the stream.
void synchronize();
/// Over memory that somebody else owns; `release(context)` is called once nobody needs it.
Storage* new_foreign_storage(void* data, int64_t bytes, void (*release)(void* context), void* context,
                             uint32_t flags = 0);
/// Makes the memory larger or smaller, keeping what fits. RuntimeError for exported and foreign memory. Views that
/// reach beyond a smaller one raise when they are read.
void resize_storage(Storage& s, int64_t bytes);
/// Moves the bytes to memory that processes forked from this one share. RuntimeError for exported and foreign memory.
void share_storage(Storage& s);
void destroy(Storage*) noexcept;
inline void drop(Storage* s) noexcept {
  if (ref_dec(s->refs)) destroy(s);
}

/// Geometry of a tensor over its storage. Never changes once made; offsets and strides are in elements.
struct View {
  static constexpr int kInline = 5;
  uint32_t refs = 1;
  DType dtype;
  uint8_t ndim;
  bool contiguous;  // row-major dense
  bool plain;       // the same, neither empty nor with other strides in dims of size 1
  Storage* storage;
  uint32_t mention = 0;  // its number in the segment that mentions it
  int64_t offset;
  int64_t numel;
  int64_t* heap;  // sizes then strides, above five dims
  int64_t inline_sizes[kInline], inline_strides[kInline];

  const int64_t* size_data() const { return ndim <= kInline ? inline_sizes : heap; }
  const int64_t* stride_data() const { return ndim <= kInline ? inline_strides : heap + ndim; }
  IntList sizes() const { return {size_data(), ndim}; }
  IntList strides() const { return {stride_data(), ndim}; }
  /// Where its first element is, or will be.
  char* raw() const { return static_cast<char*>(storage->data) + offset * item_size(dtype); }
  /// The same once everything that waits and mentions the storage has run.
  char* data() const {
    if (storage->pending()) [[unlikely]]
      prepare();
    return raw();
  }
  /// What a kernel may touch. RuntimeError if the storage has become too small.
  Array array() const {
    constexpr uint32_t kCare = Storage::kShrunk | Storage::kRead | Storage::kWritten;
    if (storage->has(kCare)) [[unlikely]]
      prepare();
    return {raw(), dtype, ndim, size_data(), stride_data()};
  }
  /// The same for a kernel that knows that nothing waits which would matter.
  Array raw_array() const {
    if (storage->has(Storage::kShrunk)) [[unlikely]]
      check_extent();
    return {raw(), dtype, ndim, size_data(), stride_data()};
  }
  void prepare() const;  // settles the storage, checks the extent
  void check_extent() const;
};
/// Takes over one reference to `storage`. Empty `strides` with non-empty sizes means row-major.
View* new_view(Storage* storage, DType dtype, const IntList& sizes, const IntList& strides, int64_t offset);
/// Over one storage: the same elements in the same order, read as the same type.
bool same_layout(const View& a, const View& b);
void destroy(View*) noexcept;
inline void drop(View* v) noexcept {
  if (ref_dec(v->refs)) destroy(v);
}

/// Autograd's `_version`: shared by a tensor, its views and detached aliases.
struct Version {
  uint32_t refs = 1;
  uint32_t n = 0;
  const Op* writer = nullptr;          // the operator that wrote last, if it says so
  const NodeType* producer = nullptr;  // of the last write that was recorded
  bool placed = false;                 // anomaly mode knows where the last write was
};
Version* new_version();
void drop(Version* v) noexcept;

/// How a view came about decides which in-place writes it permits.
enum class ViewKind : uint8_t { Plain, MultiOutput, NoGrad, Inference, Custom };

/// The rare part of a tensor: gradient, view relation, hooks.
struct Meta {
  TensorImpl* grad = nullptr;
  TensorImpl* base = nullptr;  // of a differentiable view
  ViewKind kind = ViewKind::Plain;
  uint32_t view_version = 0;  // version at which `node` of a view was valid
  bool retains_grad = false;
};

struct TensorImpl {
  uint32_t refs = 1;
  uint32_t flags = 0;
  View* view;
  Version* version = nullptr;  // made when something shares or counts it
  Node* node = nullptr;        // grad_fn; of a leaf: its accumulator, made on demand
  uint32_t out_nr = 0;
  Meta* meta = nullptr;
  void* py = nullptr;  // the Python object, set by the binding

  /// Inference tensors take no part in gradients: what requires_grad_ wants of them is noted in kAsksGrad only.
  enum : uint32_t {
    kRequiresGrad = 1,
    kLeafNode = 2,
    kParameter = 4,
    kInference = 4 * detail::kInferring,
    kAsksGrad = 16
  };
  /// Its own flag, or that of the tensor it is a view of.
  bool requires_grad() const { return has(kRequiresGrad) || (meta && meta->base && meta->base->has(kRequiresGrad)); }
  /// A tensor without grad_fn; `node` of a leaf is its accumulator.
  bool is_leaf() const { return !__atomic_load_n(&node, __ATOMIC_ACQUIRE) || has(kLeafNode); }
  /// Flags of a shared leaf may be set by several threads at once.
  bool has(uint32_t flag) const { return __atomic_load_n(&flags, __ATOMIC_RELAXED) & flag; }
};
/// Takes over one reference to `view`.
TensorImpl* new_tensor(View* view);
/// Over fresh memory, row-major, of the sizes of `like`. From 4 KiB on the memory may come when something is written.
TensorImpl* new_result(const View& like, DType dtype);
/// Whether the memory of a result of so many bytes comes when something is written.
constexpr bool comes_late(int64_t bytes) {
  constexpr int64_t kLeast = 4096;             // what is smaller mostly runs at once
  constexpr int64_t kMost = int64_t{1} << 30;  // what may not be there is asked for at the call
  return bytes >= kLeast && bytes <= kMost;
}
void destroy(TensorImpl*) noexcept;
inline void drop(TensorImpl* t) noexcept {
  if (ref_dec(t->refs)) destroy(t);
}
Meta& meta_of(TensorImpl*);
Version& version_of(TensorImpl*);
inline uint32_t version_number(const TensorImpl* t) { return t->version ? t->version->n : 0; }
void note_write(Version&);
/// Counts a write; the last step of a call that has succeeded. `writer` is for messages.
inline void bump_version(TensorImpl* t, const Op* writer = nullptr) {
  Version& v = version_of(t);
  ++v.n;
  v.writer = writer;
  if (detail::anomaly) [[unlikely]]
    note_write(v);
}

/// Set by the Python binding: keeps a Python object alive together with its tensor. May be null.
extern void (*python_release)(TensorImpl*);
/// Defined by autograd: frees Node::hooks; forgets a tensor that had asked to keep its gradient; anomaly mode's notes
/// on where nodes are made and tensors written.
void release_hooks(void* hooks) noexcept;
void forget_keeper(Node*, TensorImpl*) noexcept;
void note_node(Node&);
void forget_write(Version&) noexcept;

}  // namespace gradus
